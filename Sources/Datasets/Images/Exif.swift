/// Exif data: a TIFF file without a picture. (TIFF 6.0, section 2; Exif 2.32, section 4.6.)
///
/// They are read as Pillow reads them, including its errors, so that pictures have the same orientation as there.
enum Exif {
    /// The value of tag 274, the orientation, in the first directory.
    enum Tag: Equatable {
        case absent
        /// A number; nil where the tag exists but has none.
        case number(Double?)
    }

    static func orientation(_ data: [UInt8]) -> Tag {
        var bytes = data[...]
        while bytes.starts(with: Array("Exif\0\0".utf8)) { bytes = bytes.dropFirst(6) }
        return orientation(tiff: Array(bytes).span)
    }

    private static func orientation(tiff bytes: Span<UInt8>) -> Tag {
        // Also headers that mix the byte orders up: the letters count.
        let isLittle = bytes.has("II\u{2A}\0", at: 0) || bytes.has("II\0\u{2A}", at: 0)
        guard bytes.count >= 8, isLittle || bytes.has("MM\0\u{2A}", at: 0) || bytes.has("MM\u{2A}\0", at: 0) else {
            return .absent
        }
        func value(_ place: Int, _ count: Int) -> Int { number(bytes, at: place, count: count, isLittle: isLittle) }
        let directory = value(4, 4)
        guard directory + 2 <= bytes.count else { return .absent }
        // The bytes that the directory's entries claim outside of it.
        var total = 0
        // Of several entries of one tag the first one counts.
        var seen: Set<Int> = []
        for entry in 0..<value(directory, 2) {
            let place = directory + 2 + 12 * entry
            guard place + 12 <= bytes.count else { break }
            let (tag, type) = (value(place, 2), value(place + 2, 2))
            guard !seen.contains(tag), let size = size(ofType: type) else { continue }
            let count = value(place + 4, 4)
            guard count > 0 else { continue }
            var first = place + 8
            if count * size > 4 {
                total += count * size
                if total > bytes.count { continue }
                first = value(place + 8, 4)
                // What comes after an entry that points beyond the end is not looked at.
                guard first + count * size <= bytes.count else { break }
            }
            seen.insert(tag)
            if tag == 274 { return .number(real(bytes, at: first, type: type, isLittle: isLittle)) }
        }
        return .absent
    }

    /// Bytes that a number of a TIFF type has.
    private static func size(ofType type: Int) -> Int? {
        switch type {
        case 1, 2, 6, 7: 1
        case 3, 8: 2
        case 4, 9, 11, 13: 4
        case 5, 10, 12, 16: 8
        default: nil
        }
    }

    /// Returns the number at `place`; nil for text and bytes, which Pillow takes for none.
    private static func real(_ bytes: Span<UInt8>, at place: Int, type: Int, isLittle: Bool) -> Double? {
        func bits(_ offset: Int, _ count: Int) -> UInt64 {
            UInt64(bitPattern: Int64(number(bytes, at: place + offset, count: count, isLittle: isLittle)))
        }
        func signed(_ offset: Int) -> Double { Double(Int32(truncatingIfNeeded: bits(offset, 4))) }
        switch type {
        case 3: return Double(bits(0, 2))
        case 4, 13: return Double(bits(0, 4))
        case 5: return Double(bits(0, 4)) / Double(bits(4, 4))
        case 6: return Double(Int8(truncatingIfNeeded: bits(0, 1)))
        case 8: return Double(Int16(truncatingIfNeeded: bits(0, 2)))
        case 9: return signed(0)
        case 10: return signed(0) / signed(4)
        case 11: return Double(Float(bitPattern: UInt32(bits(0, 4))))
        case 12: return Double(bitPattern: bits(0, 8))
        case 16: return Double(bits(0, 8))
        default: return nil
        }
    }
}
