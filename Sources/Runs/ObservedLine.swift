import Foundation

/// A line of `metrics.jsonl` as parts of the program read it that show a run: its kind and step, and the fields that
/// its kind has.
///
/// Lines come every few milliseconds where steps are short, and are read beside training: what `JSONDecoder` takes for
/// one would be felt. Flat lines, which all frequent ones are, are read in one pass; others by Foundation.
package struct ObservedLine: Sendable {
    /// A group of layers in a line of kind `norms`.
    package struct Group: Sendable {
        package let name: String
        package let weights: Double?
        package let gradients: Double?
        package let updates: Double?
    }

    package let kind: String
    package let step: Int
    /// The groups of a line of kind `norms`.
    package let groups: [Group]
    private let numbers: [String: Double]
    private let texts: [String: String]

    /// A number; nil where the line has none of that name, or one that was not finite.
    package subscript(_ key: String) -> Double? { numbers[key] }

    package func integer(_ key: String) -> Int? { numbers[key].flatMap { Int(exactly: $0) } }

    package func text(_ key: String) -> String? { texts[key] }

    /// - Returns: nil for what is no such line.
    package init?(_ line: some StringProtocol) {
        var groups: [Group] = []
        if let flat = FlatObject(line.utf8) {
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
        self.init(
            name: name, weights: number("weights"), gradients: number("gradients"), updates: number("updates"))
    }
}

/// A JSON object whose values are numbers, texts without escapes, and null.
private struct FlatObject {
    private(set) var numbers: [String: Double] = [:]
    private(set) var texts: [String: String] = [:]

    /// nil for any other text, be it JSON or not.
    init?(_ line: some Collection<UInt8>) {
        var rest = Array(line)[...]
        func skipBlanks() { rest = rest.drop { $0 <= 0x20 } }
        func take(_ character: Unicode.Scalar) -> Bool {
            skipBlanks()
            guard rest.first == UInt8(ascii: character) else { return false }
            rest = rest.dropFirst()
            return true
        }
        func takeText() -> String? {
            guard take("\""), let end = rest.firstIndex(of: UInt8(ascii: "\"")) else { return nil }
            let text = rest[..<end]
            guard !text.contains(UInt8(ascii: "\\")) else { return nil }
            rest = rest[(end + 1)...]
            return String(decoding: text, as: UTF8.self)
        }
        guard take("{") else { return nil }
        repeat {
            guard let key = takeText(), take(":") else { return nil }
            skipBlanks()
            if rest.first == UInt8(ascii: "\"") {
                guard let text = takeText() else { return nil }
                texts[key] = text
            } else {
                let word = rest.prefix { !Self.ends.contains($0) }
                rest = rest[word.endIndex...]
                let text = String(decoding: word, as: UTF8.self)
                guard let number = Double(text) else {
                    guard text == "null" else { return nil }
                    continue
                }
                numbers[key] = number
            }
        } while take(",")
        guard take("}") else { return nil }
        skipBlanks()
        guard rest.isEmpty else { return nil }
    }

    /// The characters that may follow a number.
    private static let ends: Set<UInt8> = Set(" \t\r\n,}".utf8)
}
