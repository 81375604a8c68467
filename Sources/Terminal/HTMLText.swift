extension String {
    /// The text with references in place of all characters that are special in HTML and XML, and with invisible
    /// characters made visible.
    package var htmlEscaped: String {
        let needsWork = utf8.contains { byte in
            switch byte {
            case 0..<0x20, UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""),
                UInt8(ascii: "'"), 0x7F...:
                true
            default: false
            }
        }
        guard needsWork else { return self }
        return visible.replacingScalars { scalar in
            switch scalar {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\"": "&quot;"
            case "'": "&#39;"
            default: nil
            }
        }
    }
}
