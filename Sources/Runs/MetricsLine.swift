import Foundation

/// The kind and the step of a line of `metrics.jsonl`.
///
/// A run that continues after a failure reads all its earlier lines before its next step. There may be a million,
/// nearly all reports of training, of which only the beginning and the end are read. Only lines with nested values, a
/// few for each epoch, go through `JSONDecoder`.
struct MetricsLine: Decodable, Hashable {
    let kind: String
    let step: Int

    /// Reads a line; nil where it is not one whole JSON object with both keys, such as a line torn by a crash.
    ///
    /// - Parameters:
    ///   - line: the place of the line without its end.
    ///   - fields: memory to reuse from line to line.
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

    /// Reads a report of training, recognised by its beginning and end as `MetricsRecord.json` writes them; nil for all
    /// other lines.
    init?(trainingReport line: Range<Int>, of bytes: borrowing Span<UInt8>) {
        var rest = line
        guard Self.skip(Self.beforeEpoch, &rest, bytes), Self.integer(&rest, bytes) != nil,
            Self.skip(Self.beforeStep, &rest, bytes), let step = Self.integer(&rest, bytes), rest.count > 1,
            bytes[rest.lowerBound] == UInt8(ascii: ","), bytes[rest.upperBound - 1] == UInt8(ascii: "}")
        else { return nil }
        kind = MetricsRecord.Kind.train.rawValue
        self.step = step
    }

    private static let beforeEpoch = Array(#"{"kind": "train", "epoch": "#.utf8)
    private static let beforeStep = Array(#", "step": "#.utf8)

    /// Removes `text` from the front of `rest`.
    ///
    /// - Returns: false where `rest` begins otherwise.
    private static func skip(_ text: [UInt8], _ rest: inout Range<Int>, _ bytes: borrowing Span<UInt8>) -> Bool {
        guard rest.count >= text.count else { return false }
        for index in text.indices where bytes[rest.lowerBound + index] != text[index] { return false }
        rest = rest.dropFirst(text.count)
        return true
    }

    /// Removes an integer of at most 18 digits from the front of `rest`, and returns it; nil where there is none.
    private static func integer(_ rest: inout Range<Int>, _ bytes: borrowing Span<UInt8>) -> Int? {
        var (value, place) = (0, rest.lowerBound)
        let end = min(rest.upperBound, place + 18)
        while place < end, case 48...57 = bytes[place] {
            value = 10 * value + Int(bytes[place] - 48)
            place += 1
        }
        guard place > rest.lowerBound else { return nil }
        rest = place..<rest.upperBound
        return value
    }
}
