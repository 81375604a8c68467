import Foundation

/// A line of `metrics.jsonl` for the parts of the program that show a run: its kind, its step, and the fields of its
/// kind.
///
/// With short steps, a line comes every few milliseconds and is read beside training, for which `JSONDecoder` is too
/// slow. Flat lines, which include all frequent ones, are read in one pass; others by Foundation.
package struct ObservedLine: Sendable {
    /// A group of layers in a line of kind `norms`.
    package struct Group: Sendable {
        package let name: String
        package let weights: Double?
        package let gradients: Double?
    }

    package let kind: String
    package let step: Int
    /// The groups of a line of kind `norms`.
    package let groups: [Group]
    private let numbers: [String: Double]
    private let texts: [String: String]

    /// Returns a number; nil where the line has none of that name, or one that was not finite.
    package subscript(_ key: String) -> Double? { numbers[key] }

    package func integer(_ key: String) -> Int? { numbers[key].flatMap { Int(exactly: $0) } }

    package func text(_ key: String) -> String? { texts[key] }

    /// Reads a line; nil where it is not one of `metrics.jsonl`.
    package init?(_ line: some StringProtocol) {
        var groups: [Group] = []
        if let flat = FlatObject(Array(line.utf8)) {
            (numbers, texts) = (flat.numbers, flat.texts)
        } else {
            guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
                return nil
            }
            numbers = object.compactMapValues { ($0 as? NSNumber)?.doubleValue }
            texts = object.compactMapValues { $0 as? String }
            groups = (object["groups"] as? [[String: Any]] ?? []).compactMap { Group($0) }
        }
        guard let kind = texts["kind"], let step = numbers["step"].flatMap({ Int(exactly: $0) }) else { return nil }
        self.kind = kind
        self.step = step
        self.groups = groups
    }
}

extension ObservedLine.Group {
    fileprivate init?(_ object: [String: Any]) {
        guard let name = object["name"] as? String else { return nil }
        func number(_ key: String) -> Double? { (object[key] as? NSNumber)?.doubleValue }
        self.init(name: name, weights: number("weights"), gradients: number("gradients"))
    }
}

/// The values of a flat JSON object: numbers, texts without escapes, and null.
private struct FlatObject {
    private(set) var numbers: [String: Double] = [:]
    private(set) var texts: [String: String] = [:]

    /// Reads an object; nil for any other text, whether JSON or not.
    init?(_ bytes: [UInt8]) {
        var fields = JSONFields()
        guard fields.read(bytes.indices, of: bytes.span), !fields.isNested else { return nil }
        for field in fields.fields {
            let key = String(decoding: bytes[field.key], as: UTF8.self)
            let value = bytes[field.value]
            if value.first == UInt8(ascii: "\"") {
                guard !value.contains(UInt8(ascii: "\\")) else { return nil }
                texts[key] = String(decoding: value.dropFirst().dropLast(), as: UTF8.self)
            } else if let number = JSONNumber.number(field.value, of: bytes.span) {
                numbers[key] = number
            } else if !value.elementsEqual("null".utf8) {
                return nil
            }
        }
    }
}
