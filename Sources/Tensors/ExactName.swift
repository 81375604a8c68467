/// A name that equals another only if their bytes do. For `String`, an é equals an e followed by an accent; in a file
/// of tensors these are two names.
package struct ExactName: Hashable, Sendable {
    package let text: String

    package init(_ text: some StringProtocol) { self.text = String(text) }

    package static func == (a: ExactName, b: ExactName) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

    package func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        // No byte of UTF-8: the end.
        hasher.combine(UInt8(0xFF))
    }
}
