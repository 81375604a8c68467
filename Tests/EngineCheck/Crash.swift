import Foundation

/// The line that is printed when the process ends by a signal: a handler may only write what is there already.
enum Crash {
    private nonisolated(unsafe) static let text = UnsafeMutablePointer<CChar>.allocate(capacity: 256)
    private nonisolated(unsafe) static var count = 0

    /// - Parameter line: ASCII, of which 255 characters are kept.
    static func set(_ line: String) {
        count = 0
        for byte in ("crashed: " + line + "\n").utf8.prefix(255) {
            text[count] = CChar(truncatingIfNeeded: byte)
            count += 1
        }
    }

    static func watch() {
        for number in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT] {
            signal(number) { number in
                _ = write(STDOUT_FILENO, Crash.text, Crash.count)
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }
}
