import Glibc
import Synchronization

/// The last line of the terminal behind standard error, which is drawn again and again. Whole lines to the same
/// terminal, by any stream, appear above it: it is cleared for them and drawn again below.
package final class LiveLine: Sendable {
    package static let shared = LiveLine()

    private struct Line {
        let text: String
        /// The width of the window that it was made for.
        let columns: Int
    }

    /// The current line; nil for none. Its lock is held while anything is written to a terminal.
    private let shown = Mutex<Line?>(nil)

    private static let clearing = "\r\u{1B}[K"

    private init() {
        // A command that fails in between leaves the line to the shell's prompt.
        atexit { LiveLine.shared.remove() }
    }

    /// Draws a text in place of the current line. The text may have colours, but no other control sequences.
    ///
    /// Draws nothing where that would have to wait, as for a terminal stopped by Ctrl-S, or where a shell has put this
    /// process into the background.
    ///
    /// - Parameter columns: the width of the window for which the text was made.
    func show(_ text: String, columns: Int) {
        guard Self.isReady else { return }
        shown.withLock { shown in
            shown = Line(text: text, columns: columns)
            Self.write("\r" + text + "\u{1B}[K")
        }
    }

    /// Takes the line away.
    package func remove() {
        shown.withLock { shown in
            if shown != nil { Self.write(Self.clearing) }
            shown = nil
        }
    }

    /// Writes whole lines to a terminal by `body`, above the line.
    func lifting<Result>(_ body: () -> Result) -> Result {
        shown.withLock { shown in
            guard let line = shown else { return body() }
            Self.write(Self.clearing)
            defer {
                // A shell's prompt may be on the line by now, and in a narrower window the line would take two.
                let fits = TerminalSize.columns(of: STDERR_FILENO).map { $0 >= line.columns } ?? false
                if fits && Self.isInForeground { Self.write(line.text) } else { shown = nil }
            }
            return body()
        }
    }

    private static var isInForeground: Bool {
        let foreground = tcgetpgrp(STDERR_FILENO)
        // It is unknown for a terminal that is not the one which controls this process.
        return foreground <= 0 || foreground == getpgrp()
    }

    private static var isReady: Bool {
        guard isInForeground else { return false }
        var ready = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        return poll(&ready, 1, 0) == 1 && ready.revents & Int16(POLLOUT) != 0
    }

    private static func write(_ text: String) { _ = StandardStream.write(Array(text.utf8), to: STDERR_FILENO) }
}
