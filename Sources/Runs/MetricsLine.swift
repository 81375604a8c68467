/// The kind and the step of a line of `metrics.jsonl`.
///
/// A run that goes on reads every line of its past between a failure and its next step. There may be hundreds of
/// thousands, for which `JSONDecoder` takes seconds: this scans each byte once and looks at nothing but these two keys.
struct MetricsLine: Hashable {
    let kind: String
    let step: Int

    /// - Parameter line: the bytes without their line end. The result is nil where they are not one whole JSON object
    ///   with both keys, as of a line that a crash cut off.
    init?(_ line: ArraySlice<UInt8>) {
        let scan = ObjectScan(line)
        guard scan.isWhole, let kind = scan.kind, let step = scan.step.flatMap({ Int($0) }) else { return nil }
        self.kind = kind
        self.step = step
    }
}

/// One pass over the bytes of a JSON object, which reads the values of its own `kind` and `step`.
private struct ObjectScan {
    private(set) var kind: String?
    private(set) var step: String?
    /// Whether the bytes are one object from the first to the last.
    private(set) var isWhole = false

    private let bytes: ArraySlice<UInt8>
    /// Objects and lists that are open.
    private var depth = 0
    /// The last string of the object's own: a key where a colon follows, a value where a key came before.
    private var text: Range<Int>?
    private var key: Range<Int>?
    private var valueStart: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        valueStart = bytes.startIndex
        guard bytes.first == UInt8(ascii: "{") else { return }
        var place = bytes.startIndex
        while place < bytes.endIndex {
            switch bytes[place] {
            case UInt8(ascii: "\""):
                guard let end = endOfString(from: place + 1) else { return }
                if depth == 1 { text = place + 1..<end }
                place = end
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ":") where depth == 1:
                key = text
                valueStart = place + 1
            case UInt8(ascii: ",") where depth == 1: endValue(at: place)
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 1 { endValue(at: place) }
                depth -= 1
                if depth == 0 {
                    isWhole = place + 1 == bytes.endIndex
                    return
                }
            default: break
            }
            place += 1
        }
    }

    private mutating func endValue(at end: Int) {
        guard let key else { return }
        if bytes[key].elementsEqual("kind".utf8), let text, text.lowerBound > valueStart {
            kind = String(decoding: bytes[text], as: UTF8.self)
        } else if bytes[key].elementsEqual("step".utf8) {
            let value = bytes[valueStart..<end].drop { $0 == UInt8(ascii: " ") }
            step = String(decoding: value, as: UTF8.self)
        }
        self.key = nil
    }

    /// The place of the quotation mark that ends a string; nil where there is none.
    private func endOfString(from start: Int) -> Int? {
        var place = start
        while place < bytes.endIndex {
            switch bytes[place] {
            case UInt8(ascii: "\""): return place
            case UInt8(ascii: "\\"): place += 2
            default: place += 1
            }
        }
        return nil
    }
}
