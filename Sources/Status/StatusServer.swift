import Foundation
import Glibc
import Machine
import NIOCore
import NIOHTTP1
import NIOPosix
package import Recipes
package import Runs

/// The server of a run's live page: an HTTP server that only answers, on a thread of low priority.
///
/// It is built on SwiftNIO without a framework. One event loop on one thread can be given the system's lowest priority,
/// and every limit is set here: frameworks answer on threads that training's libraries share, and let a client that
/// does not read its answer keep a connection for ever.
package final class StatusServer: RunObserver {
    /// The URL of the page.
    package let address: String
    private let responder: StatusResponder
    private let group: MultiThreadedEventLoopGroup

    /// Begins to listen, so that a port in use is noticed before training begins. Until `show`, the page says that the
    /// run is being prepared.
    ///
    /// - Parameters:
    ///   - host: a name or address of this machine.
    ///   - port: 0 for any free one.
    /// - Throws: `StatusError`, `ThreadError.refused`
    package convenience init(host: String, port: Int) throws {
        try self.init(host: host, port: port, clock: { ProcessInfo.processInfo.systemUptime })
    }

    /// Makes the server that a recipe asks for; nil where it asks for none.
    package convenience init?(for recipe: Recipe) throws {
        guard let port = recipe.statusPort else { return nil }
        try self.init(host: recipe.statusHost, port: port)
    }

    /// - Parameter clock: seconds that only grow.
    init(host: String, port: Int, clock: @escaping @Sendable () -> Double) throws {
        // NIO would end the program where the system refuses it a thread.
        try SystemThread.require(1, for: "status page")
        responder = StatusResponder(isLocalOnly: StatusResponder.isLocal(host) || host == "::1", clock: clock)
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let channel = try Self.listen(host: host, port: port, on: group, responder)
            let shownHost = host.contains(":") ? "[\(host)]" : host
            address = "http://\(shownHost):\(channel.localAddress?.port ?? port)/"
        } catch {
            Self.end(group)
            throw Self.words(for: error, host: host, port: port)
        }
    }

    /// Shows a run from now on.
    ///
    /// - Returns: the observer that receives the run's lines and evaluations.
    package func show(_ run: ObservedRun) -> any RunObserver {
        responder.show(run, earlier: run.resumedStep > 0 ? Self.lines(of: run.folder) : [])
        return self
    }

    package func didRecord(_ line: String) {
        if let line = ObservedLine(line) { responder.add(line) }
    }

    package func didEvaluate(_ detail: EvaluationDetail, weights: [WeightHistogram]) {}

    package func didEnd() { close() }

    /// Ends the server, with all its connections. To be called again does no harm.
    package func close() { Self.end(group) }

    // MARK: Listening

    /// Connections at once, where the process may have that many descriptors.
    private static let mostConnections = 256

    private static func listen(
        host: String, port: Int, on group: MultiThreadedEventLoopGroup, _ responder: StatusResponder
    ) throws -> any Channel {
        try group.next().submit { BackgroundPriority.takeForThisThread() }.wait()
        let connections = StatusConnections(limit: mostConnections(descriptors: mostOpenFiles))
        return try ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 128)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // The first pauses when there are no descriptors or memory left, which training needs more.
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandlers([
                        AcceptBackoffHandler(shouldForwardIOErrorCaught: false), AcceptLimit(),
                    ])
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 4096))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(RequestLimit())
                    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    try pipeline.addHandler(StatusConnection(responder, among: connections))
                }
            }
            .bind(host: host, port: port).wait()
    }

    /// Returns the most connections: at most a quarter of the descriptors, as training opens files too.
    static func mostConnections(descriptors: Int?) -> Int {
        max(1, min(mostConnections, (descriptors ?? .max) / 4))
    }

    private static func words(for error: any Error, host: String, port: Int) -> any Error {
        switch error {
        case let error as IOError where error.errnoCode == EADDRINUSE: StatusError.portTaken(host: host, port: port)
        case let error as IOError:
            StatusError.cannotListen(
                host: host, port: port, reason: String(cString: strerror(error.errnoCode)))
        case is SocketAddressError, is SocketAddressError.UnknownHost:
            StatusError.cannotListen(host: host, port: port, reason: "there is no host of that name")
        default: StatusError.cannotListen(host: host, port: port, reason: "\(error)")
        }
    }

    // MARK: The end

    /// The seconds that the end may take on a machine whose cores are all in use.
    private static let endSeconds = 1.0

    private static func end(_ group: MultiThreadedEventLoopGroup) {
        let hasEnded = DispatchSemaphore(value: 0)
        group.shutdownGracefully(queue: .global()) { _ in hasEnded.signal() }
        _ = hasEnded.wait(timeout: .now() + endSeconds)
    }

    /// Returns the evaluations and the last report of training that an earlier part of the run has written.
    private static func lines(of folder: RunFolder) -> [ObservedLine] {
        guard let text = try? String(contentsOfFile: folder.metrics, encoding: .utf8) else { return [] }
        let kinds = [MetricsRecord.Kind.evaluation, .train].map { "\"kind\": \"\($0.rawValue)\"" }
        // Of the reports of training, only the last is needed.
        let evaluations = text.split(separator: "\n").filter { $0.contains(kinds[0]) }
        let report = text.split(separator: "\n").last { $0.contains(kinds[1]) }
        return (evaluations + (report.map { [$0] } ?? [])).compactMap { ObservedLine($0) }
    }
}
