import Files
import Foundation

extension EventFile {
    /// Returns the greatest step of the folder's newest file; nil where there is none that can be read. What a killed
    /// process has torn at the end does not count.
    static func lastStep(in folder: String) -> Int? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let files = names.compactMap { name in seconds(ofName: name).map { (seconds: $0, name: name) } }
        guard let newest = files.max(by: { $0.seconds < $1.seconds }),
            let bytes = try? readFile(folder + "/" + newest.name, limit: .max)
        else { return nil }
        var last: Int?
        var start = 0
        while let data = record(at: start, of: bytes) {
            if let step = Event.step(bytes[data]) { last = max(last ?? step, step) }
            start = data.upperBound + 4
        }
        return last
    }

    /// Returns the place of a record's data, which its length and the length's checksum precede and their own checksum
    /// follows; nil at the end of the whole records.
    private static func record(at start: Int, of bytes: [UInt8]) -> Range<Int>? {
        guard bytes.count - start >= 16 else { return nil }
        let length = bytes[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(bytes.count - start - 16) else { return nil }
        return start + 12..<start + 12 + Int(length)
    }
}

extension Event {
    /// Returns the step of an event that this program has written: a time of eight bytes, then the step.
    fileprivate static func step(_ bytes: ArraySlice<UInt8>) -> Int? {
        let fields = bytes.dropFirst(9)
        guard bytes.first == 1 << 3 | 1, fields.first == 2 << 3 else { return nil }
        var (step, shift) = (0, 0)
        for byte in fields.dropFirst().prefix(9) {
            step |= Int(byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 { return step }
        }
        return nil
    }
}
