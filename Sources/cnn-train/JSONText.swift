import Foundation
import Terminal

/// A value as one line of JSON. What is no number is a text: `nan`, `inf`.
struct JSONText<Value: Encodable> {
    private let value: Value

    init(_ value: Value) { self.value = value }

    var text: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            encoder.keyEncodingStrategy = .convertToSnakeCase
            encoder.nonConformingFloatEncodingStrategy = .convertToString(
                positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
            return String(decoding: try encoder.encode(value), as: UTF8.self).visibleJSON
        }
    }
}
