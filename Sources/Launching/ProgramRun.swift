import Glibc
import Tensors
import Terminal

/// A program that this process has started for its output. Several may run at once.
package final class ProgramRun {
    /// The way in which a program ended.
    package enum Ending: Hashable, Sendable {
        case code(Int32)
        case signal(Int32)
        /// The program was ended because it took too long.
        case timeout
    }

    /// The ending; nil while the program runs.
    package private(set) var ending: Ending?
    /// The seconds from the start to the observed end.
    package private(set) var seconds = 0.0
    package var output: String { String(decoding: outputBytes, as: UTF8.self) }
    package var errors: String { String(decoding: errorBytes, as: UTF8.self) }

    private let child: ChildProcess
    private let start = monotonicSeconds()
    private var open: Set<Int32>
    private let outputEnd: Int32
    private let errorEnd: Int32
    private var outputBytes: [UInt8] = []
    private var errorBytes: [UInt8] = []

    /// The most bytes that are kept of each stream; the rest is dropped.
    private static let mostBytes = 1 << 20

    /// Starts a program, without standard input.
    ///
    /// - Parameter call: the program, looked for on PATH, and its arguments.
    /// - Throws: `LaunchError`
    package init(_ call: [String]) throws(LaunchError) {
        var ends: [Int32] = []
        let null = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(null) }
        for _ in 0..<2 {
            var pair: [Int32] = [0, 0]
            guard pipe(&pair) == 0 else {
                for end in ends { close(end) }
                throw .refused(program: call.first ?? "", reason: systemReason(errno))
            }
            for end in pair { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            ends += pair
        }
        defer { for end in [ends[1], ends[3]] { close(end) } }
        do throws(LaunchError) {
            child = try ChildProcess(call, streams: [null, ends[1], ends[3]], endsWithThisThread: false)
        } catch {
            for end in [ends[0], ends[2]] { close(end) }
            throw error
        }
        (outputEnd, errorEnd) = (ends[0], ends[2])
        open = [outputEnd, errorEnd]
        for end in open { Descriptors.doNotWait(end) }
    }

    deinit {
        for end in open { close(end) }
        if ending == nil {
            child.end()
            child.wait(seconds: 1)
        }
    }

    /// Waits until all programs have ended, and ends the remaining ones after `seconds`.
    package static func wait(for programs: [ProgramRun], seconds: Double) {
        let deadline = monotonicSeconds() + seconds
        while case let running = programs.filter({ $0.ending == nil }), !running.isEmpty {
            let left = deadline - monotonicSeconds()
            guard left > 0 else { return running.forEach { $0.stop() } }
            // A program that closes its streams and lives on, or leaves them to others, is watched by its end alone.
            let descriptors = running.flatMap { $0.open + [$0.child.descriptor].compactMap(\.self) }
            let isWatched = running.allSatisfy { $0.child.descriptor != nil }
            let ready = Descriptors.ready(among: descriptors, within: min(left, isWatched ? 1 : 0.02))
            for program in running { program.turn(ready) }
        }
    }

    private func turn(_ ready: Set<Int32>) {
        for end in open.intersection(ready) { read(end) }
        guard let exit = child.exit else { return }
        // All its output has arrived by now; its streams may stay open in other processes.
        for end in open { read(end) }
        seconds = monotonicSeconds() - start
        switch exit {
        case .code(let code): ending = .code(code)
        case .signal(let number): ending = .signal(number)
        }
    }

    private func stop() {
        child.end()
        child.wait(seconds: 1)
        seconds = monotonicSeconds() - start
        ending = .timeout
    }

    /// Reads the bytes that have arrived.
    private func read(_ end: Int32) {
        while let bytes = Descriptors.read(end) {
            guard !bytes.isEmpty else {
                close(end)
                open.remove(end)
                return
            }
            if end == outputEnd {
                if outputBytes.count < Self.mostBytes { outputBytes += bytes }
            } else if errorBytes.count < Self.mostBytes {
                errorBytes += bytes
            }
        }
    }
}
