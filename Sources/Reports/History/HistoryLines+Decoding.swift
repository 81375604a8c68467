import Foundation
import Runs

extension HistoryLines {
    static func norms(in line: String) throws -> NormsLine {
        try JSONDecoder().decode(NormsLine.self, from: Data(line.utf8))
    }

    /// Returns a JSON text without its quotes and escapes; nil where it is not valid.
    static func unquoted(_ text: String) -> String? { try? JSONDecoder().decode(String.self, from: Data(text.utf8)) }
}
