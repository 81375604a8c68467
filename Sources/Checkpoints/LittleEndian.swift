#if _endian(big)
    #error("tensors are written as they lie in memory, and files are little-endian")
#endif

/// A function that takes bytes, piece after piece, in order.
typealias ByteSink = (RawSpan) throws(CheckpointError) -> Void

/// A function that returns the next bytes, at most `count`; none only at the end.
typealias ByteSource = (_ count: Int) throws(CheckpointError) -> [UInt8]

extension NamedTensor.Storage {
    /// Passes the numbers' little-endian bytes to `body`.
    func withBytes(_ body: ByteSink) throws(CheckpointError) {
        switch self {
        case .float32(let values): try body(values.span.bytes)
        case .int64(let values): try body(values.span.bytes)
        }
    }
}

extension Array where Element: BitwiseCopyable {
    /// Appends the numbers in the little-endian `bytes`.
    ///
    /// - Precondition: `bytes` is a whole number of elements. Any bits are a valid element.
    mutating func append(littleEndian bytes: [UInt8]) {
        precondition(bytes.count % MemoryLayout<Element>.stride == 0, "\(bytes.count) bytes end within a number")
        // Arrays start at multiples of 16 bytes, so the elements are aligned.
        unsafe bytes.withUnsafeBytes { unsafe append(contentsOf: $0.bindMemory(to: Element.self)) }
    }
}

extension UInt64 {
    /// The eight bytes, the lowest first.
    var littleEndianBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> (8 * UInt64($0))) } }

    /// Makes a number of up to eight bytes, the lowest first.
    init(littleEndianBytes bytes: some Collection<UInt8>) {
        self = bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
