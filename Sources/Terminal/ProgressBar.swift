import Glibc
import Synchronization

/// A line on standard error that shows people the progress of work; there is none where standard error is not a
/// terminal, or one that cannot move its cursor.
///
/// `show` may be called as often as wanted; it draws at most ten times a second.
package final class ProgressBar: Sendable {
    private let style: TerminalStyle
    /// Nanoseconds of the monotonic clock before which nothing is drawn.
    private let due: Mutex<UInt64>

    /// The time between two drawings, and before the first: shorter work shows nothing.
    private static let nanoseconds: UInt64 = 100_000_000

    /// - Returns: nil where a bar has no place.
    package init?(style: TerminalStyle = .own) {
        guard style.movesCursor, StandardStream.error.isTerminal else { return nil }
        self.style = style
        due = Mutex(Self.now + Self.nanoseconds)
    }

    deinit { remove() }

    /// Draws the figures, which are computed only when it is time to draw.
    package func show(_ figures: @autoclosure () -> ProgressFigures) {
        let now = Self.now
        let isDue = due.withLock { due in
            guard now >= due else { return false }
            due = now + Self.nanoseconds
            return true
        }
        guard isDue, let columns = TerminalSize.columns(of: STDERR_FILENO) else { return }
        LiveLine.shared.show(figures().line(columns: columns, style: style), columns: columns)
    }

    /// Takes the line away, until something is shown again.
    package func remove() { LiveLine.shared.remove() }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
