import Foundation

extension StoryLines {
    /// A line of kind `norms`.
    static func norms(in line: String) throws -> Norms { try JSONDecoder().decode(Norms.self, from: Data(line.utf8)) }

    /// A JSON text without its quotes and escapes; nil where it is none.
    static func unquoted(_ text: String) -> String? { try? JSONDecoder().decode(String.self, from: Data(text.utf8)) }
}
