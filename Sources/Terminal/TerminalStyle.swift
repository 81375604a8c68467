import Foundation

/// The abilities of a terminal besides plain letters, as the environment names them.
package struct TerminalStyle: Hashable, Sendable {
    /// Whether the cursor can be moved at all, which lines that are drawn again need.
    package var movesCursor = true
    /// Whether colours are welcome. (no-color.org: not where NO_COLOR is set and not empty.)
    package var isColoured = true
    /// Whether letters beyond ASCII are.
    package var isUnicode = true
}

extension TerminalStyle {
    package init(environment: [String: String]) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        movesCursor = value("TERM").map { $0 != "dumb" } ?? false
        isColoured = movesCursor && value("NO_COLOR") == nil
        let locale = (value("LC_ALL") ?? value("LC_CTYPE") ?? value("LANG") ?? "").lowercased()
        isUnicode = locale.contains("utf-8") || locale.contains("utf8")
    }

    /// The style of the terminal that this process was started on.
    package static let own = TerminalStyle(environment: ProcessInfo.processInfo.environment)
}
