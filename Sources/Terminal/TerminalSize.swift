import Glibc

/// The size of a terminal's window, asked for at each drawing: it may be another one by then.
package enum TerminalSize {
    /// The width of terminals that do not tell theirs.
    static let usualColumns = 80

    /// Returns the columns of the terminal behind a descriptor; nil where it is no terminal.
    package static func columns(of descriptor: Int32) -> Int? {
        guard isatty(descriptor) == 1 else { return nil }
        var size = winsize()
        // A serial line, or a pseudo-terminal whose size was never set, reports 0.
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return usualColumns }
        return Int(size.ws_col)
    }
}
