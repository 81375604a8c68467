import CProcess
import Glibc
import Terminal

/// Signals to this process, queued until they are read. Signals that were ignored when this process started stay
/// ignored.
struct SignalInbox {
    let descriptor: Int32

    static let asking = [SIGUSR1, SIGUSR2]
    static let ending = [SIGTERM, SIGINT, SIGHUP]

    /// - Throws: `LaunchError.refused`
    init() throws(LaunchError) {
        let numbers = (Self.asking + Self.ending).filter { !isIgnored($0) }
        descriptor = process_signals(numbers, Int32(numbers.count))
        guard descriptor >= 0 else { throw .refused(program: "the supervisor", reason: systemReason(errno)) }
    }

    /// Returns the next signal; nil where none has come.
    func next() -> Int32? {
        let number = process_next_signal(descriptor)
        return number == 0 ? nil : number
    }
}

/// Returns a signal's number and description: `signal 9 (Killed)`.
func signalWords(_ number: Int32) -> String {
    strsignal(number).map { "signal \(number) (\(String(cString: $0)))" } ?? "signal \(number)"
}
