import Tensors

/// JSON as a safetensors header uses it. Unlike general readers, this one refuses an object with a duplicate key, and
/// keeps the order of keys.
enum HeaderJSON: Equatable {
    case object([Member])
    case array([HeaderJSON])
    case string(String)
    /// A whole number from 0 to Int.max; a header has no others.
    case count(Int)

    struct Member: Equatable {
        let key: String
        let value: HeaderJSON
    }

    /// An error in a text: the reason, the index of the byte, and the key of the outermost object's member that has it,
    /// if any.
    struct Problem: Error, Equatable {
        let reason: String
        let offset: Int
        let member: String?
    }

    /// Reads a value that takes all of `bytes` except trailing spaces.
    ///
    /// - Parameter longestList: the most elements that a list may have.
    static func parse(_ bytes: [UInt8], longestList: Int = .max) throws(Problem) -> HeaderJSON {
        var reader = Reader(bytes: bytes, longestList: longestList)
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.offset == bytes.count else { throw reader.problem("something follows the header's object") }
        return value
    }

    /// Returns `text` as a JSON string with its quotes.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case ..<" ":
                let hexadecimal = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

/// A cursor over JSON text.
private struct Reader {
    typealias Problem = HeaderJSON.Problem

    let bytes: [UInt8]
    let longestList: Int
    var offset = 0
    /// The key whose value is being read in the outermost object.
    var member: String?

    /// The most levels of nesting in a header: tensors, a tensor, its shape.
    static var deepest: Int { 3 }

    func problem(_ reason: String) -> Problem { Problem(reason: reason, offset: offset, member: member) }

    var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    /// Skips `character`, and spaces before it, if it comes next; returns whether it did.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard next == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    mutating func value(depth: Int) throws(Problem) -> HeaderJSON {
        guard depth <= Self.deepest else { throw problem("values are nested too deep") }
        skipSpace()
        switch next ?? 0 {
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .array(try elements(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return .count(try count())
        default: throw problem("expected an object, a list, a text or a whole number")
        }
    }

    mutating func members(depth: Int) throws(Problem) -> [HeaderJSON.Member] {
        var members: [HeaderJSON.Member] = []
        var keys: Set<ExactName> = []
        offset += 1
        if take("}") { return members }
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw problem("expected a key") }
            let key = try string()
            if depth == 0 { member = key }
            guard keys.insert(ExactName(key)).inserted else { throw problem("the key \(key) is there twice") }
            guard take(":") else { throw problem("expected a colon after the key \(key)") }
            members.append(HeaderJSON.Member(key: key, value: try value(depth: depth + 1)))
            if depth == 0 { member = nil }
        } while take(",")
        guard take("}") else { throw problem("expected a comma or the end of an object") }
        return members
    }

    mutating func elements(depth: Int) throws(Problem) -> [HeaderJSON] {
        var elements: [HeaderJSON] = []
        offset += 1
        if take("]") { return elements }
        repeat {
            guard elements.count < longestList else { throw problem("a list has more than \(longestList) elements") }
            elements.append(try value(depth: depth + 1))
        } while take(",")
        guard take("]") else { throw problem("expected a comma or the end of a list") }
        return elements
    }

    mutating func count() throws(Problem) -> Int {
        let start = offset
        var result = 0
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            let (tens, isTooLarge) = result.multipliedReportingOverflow(by: 10)
            let (sum, isStillTooLarge) = tens.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
            guard !isTooLarge && !isStillTooLarge else { throw problem("a number is above \(Int.max)") }
            result = sum
            offset += 1
        }
        guard offset == start + 1 || bytes[start] != UInt8(ascii: "0") else { throw problem("a number starts with 0") }
        if let byte = next, byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") {
            throw problem("a number is not whole")
        }
        return result
    }

    mutating func string() throws(Problem) -> String {
        offset += 1
        var text: [UInt8] = []
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw problem("a control character stands in a text") }
            offset += 1
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            text += try escaped()
        }
        guard next != nil else { throw problem("a text has no end") }
        offset += 1
        guard let string = String(validating: text, as: UTF8.self) else { throw problem("a text is not UTF-8") }
        return string
    }

    /// Returns the character of an escape, after its backslash, as UTF-8.
    private mutating func escaped() throws(Problem) -> [UInt8] {
        guard let byte = next else { throw problem("a text has no end") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): break
        default: throw problem("a backslash is followed by what JSON does not know")
        }
        var code = try hexadecimal()
        if (0xD800..<0xDC00).contains(code), bytes[offset...].starts(with: Array("\\u".utf8)) {
            offset += 2
            let low = try hexadecimal()
            guard (0xDC00..<0xE000).contains(low) else { throw problem("half of a surrogate pair stands alone") }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw problem("half of a surrogate pair stands alone") }
        return Array(String(scalar).utf8)
    }

    private mutating func hexadecimal() throws(Problem) -> UInt32 {
        guard offset + 4 <= bytes.count,
            let digits = String(validating: bytes[offset..<offset + 4], as: UTF8.self),
            digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let code = UInt32(digits, radix: 16)
        else { throw problem("\\u is not followed by four hexadecimal digits") }
        offset += 4
        return code
    }
}
