/// The fields of a line that is one flat JSON object, as places in the file: only values that are asked for are
/// decoded.
///
/// Made for files of a hundred thousand lines, for which a decoder is too slow. Lines with nested values are
/// recognised, and left to a decoder.
package struct JSONFields: Sendable {
    package struct Field: Sendable {
        /// The indices of the bytes between a key's quotes.
        package let key: Range<Int>
        /// The indices of a value's bytes, including the quotes of a text.
        package let value: Range<Int>
    }

    package private(set) var fields: [Field] = []
    /// Whether a value is an object or a list: `fields` ends before the first such value.
    package private(set) var isNested = false

    package init() {}

    /// Finds the fields of a line.
    ///
    /// - Returns: false where the line is not a JSON object, such as a line torn by a crash.
    package mutating func read(_ line: Range<Int>, of bytes: borrowing Span<UInt8>) -> Bool {
        fields.removeAll(keepingCapacity: true)
        isNested = false
        var place = line.lowerBound
        Self.skipBlanks(&place, line.upperBound, bytes)
        guard place < line.upperBound, bytes[place] == UInt8(ascii: "{") else { return false }
        place += 1
        while true {
            Self.skipBlanks(&place, line.upperBound, bytes)
            guard let key = Self.text(&place, line.upperBound, bytes) else { return false }
            Self.skipBlanks(&place, line.upperBound, bytes)
            guard place < line.upperBound, bytes[place] == UInt8(ascii: ":") else { return false }
            place += 1
            Self.skipBlanks(&place, line.upperBound, bytes)
            guard place < line.upperBound else { return false }
            if bytes[place] == UInt8(ascii: "{") || bytes[place] == UInt8(ascii: "[") {
                isNested = true
                return true
            }
            guard let value = Self.value(&place, line.upperBound, bytes) else { return false }
            fields.append(Field(key: key, value: value))
            Self.skipBlanks(&place, line.upperBound, bytes)
            guard place < line.upperBound else { return false }
            if bytes[place] == UInt8(ascii: "}") {
                place += 1
                Self.skipBlanks(&place, line.upperBound, bytes)
                return place == line.upperBound
            }
            guard bytes[place] == UInt8(ascii: ",") else { return false }
            place += 1
        }
    }

    /// Returns the place of a key's value, including the quotes of a text; nil where the line has no such key before
    /// its first nested value.
    package func value(of key: String, in bytes: borrowing Span<UInt8>) -> Range<Int>? {
        for field in fields where field.key.count == key.utf8.count {
            var place = field.key.lowerBound
            for byte in key.utf8 where place >= 0 { place = bytes[place] == byte ? place + 1 : -1 }
            if place >= 0 { return field.value }
        }
        return nil
    }

    private static func skipBlanks(_ place: inout Int, _ end: Int, _ bytes: borrowing Span<UInt8>) {
        while place < end, bytes[place] <= 0x20 { place += 1 }
    }

    /// Returns the place of a text without its quotes, and moves `place` to the byte after it.
    private static func text(_ place: inout Int, _ end: Int, _ bytes: borrowing Span<UInt8>) -> Range<Int>? {
        guard place < end, bytes[place] == UInt8(ascii: "\"") else { return nil }
        let start = place + 1
        place = start
        while place < end {
            switch bytes[place] {
            case UInt8(ascii: "\""):
                place += 1
                return start..<place - 1
            case UInt8(ascii: "\\"): place += 2
            default: place += 1
            }
        }
        return nil
    }

    private static func value(_ place: inout Int, _ end: Int, _ bytes: borrowing Span<UInt8>) -> Range<Int>? {
        let start = place
        if bytes[place] == UInt8(ascii: "\"") {
            return text(&place, end, bytes) == nil ? nil : start..<place
        }
        while place < end {
            switch bytes[place] {
            case UInt8(ascii: ","), UInt8(ascii: "}"), 0...0x20: return place > start ? start..<place : nil
            default: place += 1
            }
        }
        return nil
    }
}

/// Numbers as JSON writes them.
package enum JSONNumber {
    /// Reads an integer; nil for other values.
    package static func integer(_ place: Range<Int>, of bytes: borrowing Span<UInt8>) -> Int? {
        guard !place.isEmpty, place.count <= 18 else { return nil }
        var value = 0
        for index in place {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }

    /// Reads a number; nil for other values, such as null.
    package static func number(_ place: Range<Int>, of bytes: borrowing Span<UInt8>) -> Double? {
        guard let first = place.first, bytes[first] == UInt8(ascii: "-") || bytes[first] &- UInt8(ascii: "0") < 10
        else { return nil }
        if let integer = integer(place, of: bytes) { return Double(integer) }
        return Double(String(decoding: place.map { bytes[$0] }, as: UTF8.self))
    }
}
