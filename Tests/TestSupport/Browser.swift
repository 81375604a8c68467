import Foundation

/// Headless Chromium, driven by `Tests/Browser/look_at_page.py`.
package enum Browser {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Browser/look_at_page.py").path

    /// Whether a browser is installed, and Python to drive it. `launch/setup browser` installs both.
    package static let isInstalled: Bool = {
        let names = ["chromium", "chromium-browser", "google-chrome"]
        return names.contains(where: isProgram) && isProgram("python3")
    }()

    package static let missing = "no Chromium or Python here; launch/setup browser installs them"

    private static func isProgram(_ name: String) -> Bool {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return path.split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
    }

    /// Opens a file or an address.
    ///
    /// - Throws: `BrowserError` where the browser does not show it.
    package static func look(at page: String, width: Int = 1600, isDark: Bool = false) throws -> PageView {
        try watch(page, until: ["true"], width: width, isDark: isDark)[0]
    }

    /// Opens a file or an address and looks at it repeatedly, without loading it anew.
    ///
    /// - Parameters:
    ///   - conditions: JavaScript expressions that become true in the page before each look, within a minute.
    ///   - afterLook: called after each look with its number, from 0.
    /// - Throws: `BrowserError` where the browser does not show it, or a condition stays false.
    package static func watch(
        _ page: String, until conditions: [String], width: Int = 1600, isDark: Bool = false,
        afterLook: (Int) throws -> Void = { _ in }
    ) throws -> [PageView] {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            ["timeout", "--kill-after=5", "150", "python3", script, page, "--width", "\(width)"]
            + (isDark ? ["--dark"] : []) + conditions.flatMap { ["--until", $0] }
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        defer { if process.isRunning { process.terminate() } }
        var (views, rest) = ([PageView](), Data())
        while case let part = output.fileHandleForReading.availableData, !part.isEmpty {
            rest += part
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                views.append(try JSONDecoder().decode(PageView.self, from: rest[..<end]))
                rest = Data(rest[(end + 1)...])
                try afterLook(views.count - 1)
            }
        }
        let words = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0, views.count == conditions.count else { throw BrowserError(words: words) }
        return views
    }
}

/// The reason why a page could not be looked at.
package struct BrowserError: Error {
    package let words: String
}

/// The parts of a page that its reader perceives.
package struct PageView: Decodable, Sendable {
    /// A curve as it is in the page's document.
    package struct Curve: Decodable, Sendable {
        package let chart: String
        package let name: String
        package let x: [Double]
        /// nil where there is no number.
        package let y: [Double?]
        /// The curve's line in SVG.
        package let path: String
        /// The plot's left, right, top and bottom, and the numbers at its left and right ends.
        package let frame: String
        /// The contrast to the surface behind the curve.
        package let contrast: Double
    }

    /// The words that a screen reader gets at the first and the last point of a chart, reached by Home and End.
    package struct Keys: Decodable, Sendable {
        package let chart: String
        package let first: String
        package let last: String
        package let isGone: Bool
    }

    /// A share that a table shows as a bar.
    package struct Bar: Decodable, Sendable {
        /// The first cell of its row.
        package let name: String
        /// The share of the bar's whole width.
        package let share: Double
    }

    package struct Picture: Decodable, Sendable {
        package let alt: String
        /// 0 where the browser cannot show it.
        package let width: Int
        package let height: Int
    }

    package let title: String
    package let text: String
    /// The number of texts whose contrast was measured.
    package let texts: Int
    /// The texts with too little contrast to the surface behind them (WCAG 2.2, 1.4.3, level AA).
    package let pale: [String]
    package let curves: [Curve]
    package let bars: [Bar]
    /// The texts of elements that have an identifier and no elements within, by identifier.
    package let parts: [String: String]
    /// Elements without a name for screen readers.
    package let nameless: [String]
    package let background: String
    /// Pixels by which the page is wider than the window.
    package let overflow: Int
    package let pictures: [Picture]
    /// The cells of all tables, row by row.
    package let rows: [[String]]
    package let elements: Int
    /// Seconds until the page was loaded and laid out.
    package let seconds: Double?
    package let keys: [Keys]
    /// The pages of this page's frames.
    package let frames: [PageView]
    /// The addresses that the browser requested, the page's own first. The requests of frames are among those of the
    /// page.
    package let requests: [String]
    /// Errors and messages in the browser's console, those of frames included.
    package let complaints: [String]
}
