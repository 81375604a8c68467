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
        try watch(page, until: ["true"], width: width, isDark: isDark)[0]
    }

    /// Opens a file or an address and looks at it again and again, without loading it anew.
    ///
    /// - Parameters:
    ///   - conditions: JavaScript that is true in the page before each look, a minute later at most.
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

    /// A share that a table shows as a bar.
    package struct Bar: Decodable, Sendable {
        /// The first cell of its row.
        package let name: String
        /// Of its whole width.
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
    /// Texts whose contrast was measured.
    package let texts: Int
    /// Those that contrast too little with what is behind them (WCAG 2.2, 1.4.3, level AA).
    package let pale: [String]
    package let curves: [Curve]
    package let bars: [Bar]
    /// The texts of elements that have an identifier and no others within.
    package let parts: [String: String]
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
    /// The pages that stand in this one.
    package let frames: [PageView]
    /// The addresses that the browser asked for, the page's own first. Those of frames are among those of the page.
    package let requests: [String]
    /// Errors and messages in the browser's console, those of frames included.
    package let complaints: [String]
}
