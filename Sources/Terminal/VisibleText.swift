import Files

extension String {
    /// The text with control characters made visible: those that are invisible, or that move a terminal's cursor,
    /// change its colours or reverse the order of its letters. An escape becomes `\u{1b}`, and a byte of a path that is
    /// not part of UTF-8 `\xE9`. For text from files of unknown origin.
    package var visible: String { visible(keeping: []) }

    /// Returns the visible text, in which some characters stay as they are.
    package func visible(keeping kept: Set<Unicode.Scalar>) -> String {
        replacingControls(keeping: kept) { scalar in
            scalar.pathByte.map { "\\x" + String($0, radix: 16, uppercase: true) }
                ?? "\\u{\(String(scalar.value, radix: 16))}"
        }
    }

    /// JSON text with the same characters written as JSON's own escapes, and a path's byte as `\udce9`, which Python's
    /// `json` and `open` take for it. Line ends stay: between values they mean nothing, and inside a text
    /// an encoder has written them as escapes already.
    package var visibleJSON: String {
        replacingControls(keeping: ["\n"]) { scalar in
            let digits = String(scalar.pathByte.map { 0xDC00 + UInt32($0) } ?? scalar.value, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
    }

    private func replacingControls(
        keeping kept: Set<Unicode.Scalar>, with replacement: (Unicode.Scalar) -> String
    ) -> String {
        guard !utf8.allSatisfy({ 0x20..<0x7F ~= $0 }) else { return self }
        return replacingScalars { $0.isControl && !kept.contains($0) ? replacement($0) : nil }
    }

    /// The text with other texts in place of the scalars for which `replacement` has one.
    package func replacingScalars(by replacement: (Unicode.Scalar) -> String?) -> String {
        var text = ""
        for scalar in unicodeScalars {
            if let other = replacement(scalar) {
                text += other
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

extension Unicode.Scalar {
    /// Whether the scalar is a control character (C0, DEL, C1), a separator of lines or paragraphs, or one that
    /// overrides the direction of text (Unicode, UAX #9), or means a byte. All others are below U+10000.
    fileprivate var isControl: Bool {
        switch value {
        case 0..<0x20, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: true
        default: pathByte != nil
        }
    }
}
