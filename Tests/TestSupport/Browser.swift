import Foundation

/// Headless Chromium, as `Tests/Browser/look_at_page.py` drives it.
package enum Browser {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Browser/look_at_page.py").path

    /// Whether there is a browser, and Python to drive it. `launch/setup browser` installs both.
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
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            ["timeout", "--kill-after=5", "90", "python3", script, page, "--width", "\(width)"]
            + (isDark ? ["--dark"] : [])
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        let words = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw BrowserError(words: words) }
        return try JSONDecoder().decode(PageView.self, from: data)
    }
}

/// The reason why a page could not be looked at.
package struct BrowserError: Error {
    package let words: String
}

/// The parts of a page that a reader meets.
package struct PageView: Decodable, Sendable {
    /// A curve as the page's document has it.
    package struct Curve: Decodable, Sendable {
        package let chart: String
        package let name: String
        package let x: [Double]
        /// nil where there is no number.
        package let y: [Double?]
        /// Its line as SVG draws it.
        package let path: String
        /// The plot's left, right, top and bottom, and the numbers at its left and right end.
        package let frame: String
        /// To the surface behind it.
        package let contrast: Double
    }

    /// The words of a chart that a screen reader is given at its first and last point, reached by Home and End.
    package struct Keys: Decodable, Sendable {
        package let chart: String
        package let first: String
        package let last: String
        package let isGone: Bool
    }

    package struct Picture: Decodable, Sendable {
        package let alt: String
        /// 0 where the browser cannot show it.
        package let width: Int
        package let height: Int
    }

    package let title: String
    package let text: String
    /// Texts whose contrast was measured.
    package let texts: Int
    /// Those that contrast too little with what is behind them (WCAG 2.2, 1.4.3, level AA).
    package let pale: [String]
    package let curves: [Curve]
    /// Elements that a screen reader has no name for.
    package let nameless: [String]
    package let background: String
    /// Pixels that the page is wider than the window.
    package let overflow: Int
    package let pictures: [Picture]
    /// The cells of all tables, row by row.
    package let rows: [[String]]
    package let elements: Int
    /// Until it was loaded and laid out.
    package let seconds: Double?
    package let keys: [Keys]
    /// The addresses that the browser asked for, the page's own first.
    package let requests: [String]
    /// Errors and messages in the browser's console.
    package let complaints: [String]
}
