import Foundation
import Runs

extension HistoryLines {
    static func norms(in line: String) throws -> NormsLine {
        try JSONDecoder().decode(NormsLine.self, from: Data(line.utf8))
    }

    /// A JSON text without its quotes and escapes; nil where it is none.
    static func unquoted(_ text: String) -> String? { try? JSONDecoder().decode(String.self, from: Data(text.utf8)) }
}
