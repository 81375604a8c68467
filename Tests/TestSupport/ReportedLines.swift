import Foundation

/// The lines of a run's `metrics.jsonl`, without what depends on the clock.
///
/// - Parameter path: of the file.
package func reportedLines(_ path: String) throws -> [String] {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    return text.split(separator: "\n").filter { !$0.contains("\"kind\": \"time\"") }.map { line in
        String(line).replacing(/"images_per_second": [^,}]*/, with: "").replacing(
            /, "(seconds|slowest_[a-z_]*|rank_work|waited_for_images_seconds)": [^,}]*/, with: "")
    }
}
