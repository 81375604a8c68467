import Foundation
import NIOCore
import Runs
import Synchronization

/// A responder to requests: it knows six fixed paths and looks for none of them on the disk.
final class StatusResponder: Sendable {
    private let status = Mutex<RunStatus?>(nil)
    private let report = ReportFile()
    /// Whether only programs of this machine can ask. A page of another site that a browser here shows can ask too,
    /// under that site's name, and is refused by it.
    private let isLocalOnly: Bool
    private let clock: @Sendable () -> Double

    /// - Parameter clock: seconds that only grow.
    init(isLocalOnly: Bool, clock: @escaping @Sendable () -> Double) {
        self.isLocalOnly = isLocalOnly
        self.clock = clock
    }

    func show(_ run: ObservedRun, earlier: [ObservedLine]) {
        var new = RunStatus(of: run, at: clock())
        for line in earlier { new.addEarlier(line) }
        status.withLock { [new] in $0 = new }
    }

    func add(_ line: ObservedLine) {
        let (now, date) = (clock(), Date().formatted(.iso8601))
        status.withLock { $0?.add(line, at: now, date: date) }
    }

    /// Returns the reply to a request.
    ///
    /// - Parameters:
    ///   - target: the target in the request's first line.
    ///   - host: the field `Host`; nil where there is none.
    func reply(method: String, target: String, host: String?) -> StatusReply {
        guard method == "GET" || method == "HEAD" else {
            return StatusReply(.methodNotAllowed, .text, "This page can only be read: GET or HEAD.\n")
        }
        guard !isLocalOnly || host.map(Self.isLocal) ?? true else {
            return StatusReply(.misdirected, .text, "Ask for localhost or 127.0.0.1.\n")
        }
        switch Self.path(of: target) {
        case "/": return StatusPage.page
        case "/status.css": return StatusReply(.ok, .css, StatusPage.style)
        case "/status.js": return StatusReply(.ok, .script, StatusPage.script)
        case "/report.html": return reportReply
        case "/metrics":
            return answer { status, now in
                let age = RunFiles(folder: status.folder).checkpointAge(at: Date())
                return StatusReply(.ok, .metrics, status.metrics(at: now, checkpointAge: age))
            }
        case "/healthz":
            return answer { status, now in
                let isWell = status.isComplete || status.isAdvancing(at: now)
                let text = isWell ? "ok\n" : "no step for \(Int(now - status.newest)) seconds\n"
                return StatusReply(isWell ? .ok : .unavailable, .text, text)
            }
        case "/api/run":
            return answer { StatusReply(.ok, .json, RunReply($0, at: $1, date: Date()).json) }
        default: return StatusReply(.notFound, .text, "Here are /, /report.html, /metrics, /healthz and /api/run.\n")
        }
    }

    private func answer(_ make: (RunStatus, Double) -> StatusReply) -> StatusReply {
        guard let run = status.withLock({ $0 }) else {
            return StatusReply(.unavailable, .text, "the run is being prepared\n")
        }
        return make(run, clock())
    }

    private var reportReply: StatusReply {
        guard let run = status.withLock({ $0 }), let body = report.content(in: run.folder) else {
            return StatusReply(.notFound, .text, "The report comes with the first evaluation.\n")
        }
        var reply = StatusReply(.ok, .html, body)
        reply.policy = StatusPage.reportPolicy
        return reply
    }

    /// Returns the path of a target, which may be a whole URL (RFC 9112, section 3.2.2), up to a `?`.
    static func path(of target: String) -> Substring {
        var target = target.prefix { $0 != "?" && $0 != "#" }
        if target.lowercased().hasPrefix("http://") {
            target = target.dropFirst("http://".count).drop { $0 != "/" }
            if target.isEmpty { return "/" }
        }
        return target
    }

    /// Whether a field `Host` names this machine to itself.
    static func isLocal(_ host: String) -> Bool {
        if host.hasPrefix("[") { return host.hasPrefix("[::1]") }
        let name = host.prefix { $0 != ":" }.lowercased()
        let numbers = name.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return name == "localhost" || (numbers.count == 4 && numbers[0] == 127 && numbers.allSatisfy { $0 != nil })
    }
}
