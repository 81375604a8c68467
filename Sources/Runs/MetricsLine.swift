import Foundation

/// The kind and the step of a line of `metrics.jsonl`.
///
/// A run that goes on reads every line of its past between a failure and its next step. There may be hundreds of
/// thousands, for which `JSONDecoder` takes seconds: only lines with nested values, a few each epoch, are decoded.
struct MetricsLine: Decodable, Hashable {
    let kind: String
    let step: Int

    /// - Parameters:
    ///   - line: the place of the line without its end. The result is nil where it is not one whole JSON object with
    ///     both keys, as a line that a crash cut off.
    ///   - fields: memory that is used again from line to line.
    init?(_ line: Range<Int>, of bytes: borrowing Span<UInt8>, in fields: inout JSONFields) {
        guard fields.read(line, of: bytes) else { return nil }
        if fields.isNested {
            guard let found = try? JSONDecoder().decode(Self.self, from: Data(line.map { bytes[$0] })) else {
                return nil
            }
            self = found
        } else {
            guard let kind = fields.value(of: "kind", in: bytes), bytes[kind.lowerBound] == UInt8(ascii: "\""),
                let place = fields.value(of: "step", in: bytes), let step = JSONNumber.integer(place, of: bytes)
            else { return nil }
            self.kind = String(decoding: kind.dropFirst().dropLast().map { bytes[$0] }, as: UTF8.self)
            self.step = step
        }
    }
}
