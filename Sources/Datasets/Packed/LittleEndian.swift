extension RawSpan {
    /// Returns the number that begins at a byte, its lowest byte first.
    ///
    /// - Precondition: all of its bytes are within the span.
    @inline(__always)
    func number<Number: FixedWidthInteger & BitwiseCopyable>(_ place: Int, as type: Number.Type = Number.self) -> Number
    {
        // The bounds are checked; unsafe would be types for which some bits are invalid.
        unsafe Number(littleEndian: unsafeLoadUnaligned(fromByteOffset: place, as: Number.self))
    }

    @inline(__always)
    func byte(_ place: Int) -> UInt8 { number(place) }
}

extension [UInt8] {
    /// Appends a number, its lowest byte first.
    mutating func append<Number: FixedWidthInteger & UnsignedInteger>(littleEndian number: Number) {
        for byte in 0..<Number.bitWidth / 8 { append(UInt8(truncatingIfNeeded: number >> Number(8 * byte))) }
    }
}
