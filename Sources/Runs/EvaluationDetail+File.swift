import Checkpoints
import Files
import Foundation

extension EvaluationDetail {
    /// Reads a file that `write` wrote.
    ///
    /// - Throws: `FileError`, or `DecodingError` for a file of another kind.
    package init(contentsOf path: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: Data(readFile(path, limit: Self.mostBytes)))
    }

    /// Writes the details as JSON, whole or not at all.
    ///
    /// - Throws: `RunError.cannotWrite`
    package func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = .withoutEscapingSlashes
        try RunError.writing(path) { try writeFile(Array(encoder.encode(self)).span.bytes, to: path) }
    }

    /// The most bytes of the file: ten times those of a confusion matrix of 1,000 classes without zeros.
    private static let mostBytes = 1 << 28
}
