import CProcess
import Files
import Glibc
import Tensors
import Terminal

/// A process started by this process, in a process group of its own.
final class ChildProcess {
    let id: pid_t
    /// A descriptor that becomes readable when the process ends; nil where the system has none.
    let descriptor: Int32?
    private var status: Exit?

    /// The end of a process: its exit code, or the signal that ended it.
    enum Exit: Hashable, Sendable {
        case code(Int32)
        case signal(Int32)

        /// The exit code as a shell gives it: for a signal, 128 plus its number.
        var code: Int32 {
            switch self {
            case .code(let code): code
            case .signal(let number): 128 + number
            }
        }
    }

    /// - Parameters:
    ///   - call: the program, looked for on PATH, and its arguments.
    ///   - variables: added to this process's environment, or replacing parts of it, for the new process.
    ///   - streams: standard input, output and error of the new process.
    ///   - endsWithThisThread: whether the system kills the process when the calling thread ends.
    /// - Throws: `LaunchError`
    init(
        _ call: [String], variables: [String: String] = [:], streams: [Int32], endsWithThisThread: Bool
    ) throws(LaunchError) {
        guard let program = call.first else { throw .nothingToRun }
        var words = call.map { $0.withPath { strdup($0) } }
        var settings = Self.environment(without: variables.keys)
        settings += variables.map { "\($0.key)=\($0.value)".withPath { strdup($0) } }
        words.append(nil)
        settings.append(nil)
        defer { for text in words + settings { free(text) } }
        let defaults = WriteSignals.ignored
        let child = process_start(words, settings, streams, endsWithThisThread, defaults, Int32(defaults.count))
        guard child > 0 else {
            if child == -ENOENT { throw .noLauncher(path: environmentPath("PATH") ?? "") }
            throw .refused(program: program, reason: systemReason(-child))
        }
        id = child
        let descriptor = process_descriptor(child)
        self.descriptor = descriptor >= 0 ? descriptor : nil
        if let descriptor = self.descriptor { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    }

    /// Returns a copy of this process's environment, byte for byte, without some variables.
    private static func environment(without names: some Collection<String>) -> [UnsafeMutablePointer<CChar>?] {
        var entries: [UnsafeMutablePointer<CChar>?] = []
        var place = process_environment()?.pointee
        while let entry = place?.pointee {
            if !names.contains(where: { strncmp(entry, $0 + "=", $0.utf8.count + 1) == 0 }) {
                entries.append(strdup(entry))
            }
            place = place?.advanced(by: 1)
        }
        return entries
    }

    deinit { if let descriptor { close(descriptor) } }

    /// The end of the process; nil while it lives.
    var exit: Exit? {
        if let status { return status }
        var word: Int32 = 0
        guard waitpid(id, &word, WNOHANG) == id else { return nil }
        status = word & 0x7F == 0 ? .code(word >> 8 & 0xFF) : .signal(word & 0x7F)
        return status
    }

    /// Waits at most `seconds` for the end of the process.
    func wait(seconds: Double) {
        let deadline = monotonicSeconds() + seconds
        while exit == nil, case let left = deadline - monotonicSeconds(), left > 0 {
            // Without a descriptor, it looks every 10 ms.
            _ = Descriptors.ready(among: descriptor.map { [$0] } ?? [], within: descriptor == nil ? 0.01 : left)
        }
    }

    /// Sends a signal, unless the process has ended.
    func send(_ signal: Int32) { if exit == nil { kill(id, signal) } }

    /// Kills the process and all others of its group.
    func end() {
        // Until the status has been asked for, no other process or group can have this number.
        if status == nil { kill(-id, SIGKILL) }
    }
}
