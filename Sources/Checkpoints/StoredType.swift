/// The element types that a safetensors file may have, as the format spells them.
package enum StoredType: String, CaseIterable, Sendable {
    case float64 = "F64"
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int64 = "I64"
    case int32 = "I32"
    case int16 = "I16"
    case int8 = "I8"
    case uint64 = "U64"
    case uint32 = "U32"
    case uint16 = "U16"
    case uint8 = "U8"
    case bool = "BOOL"
    case complex64 = "C64"
    case float8E5M2 = "F8_E5M2"
    case float8E4M3 = "F8_E4M3"
    case float8E8M0 = "F8_E8M0"
    case float6E2M3 = "F6_E2M3"
    case float6E3M2 = "F6_E3M2"
    case float4 = "F4"

    /// The bits of an element.
    var bits: Int {
        switch self {
        case .float64, .int64, .uint64, .complex64: 64
        case .float32, .int32, .uint32: 32
        case .float16, .bfloat16, .int16, .uint16: 16
        case .int8, .uint8, .bool, .float8E5M2, .float8E4M3, .float8E8M0: 8
        case .float6E2M3, .float6E3M2: 6
        case .float4: 4
        }
    }

    /// The type of the numbers after reading; nil for types that are not read.
    var readAs: StoredType? {
        switch self {
        case .float64, .float32, .float16, .bfloat16: .float32
        case .int64, .int32, .int16, .int8, .uint64, .uint32, .uint16, .uint8, .bool: .int64
        case .complex64, .float8E5M2, .float8E4M3, .float8E8M0, .float6E2M3, .float6E3M2, .float4: nil
        }
    }
}

/// A tensor but for its numbers, as a file's header lists it.
package struct ListedTensor: Equatable, Sendable {
    package let name: String
    package let type: StoredType
    /// The extents in torch's order; empty for a scalar.
    package let shape: [Int]

    package init(name: String, type: StoredType, shape: [Int]) {
        self.name = name
        self.type = type
        self.shape = shape
    }

    /// Type and shape: `F16 [64, 3, 7, 7]`.
    package var kind: String { "\(type.rawValue) \(shape)" }

    /// Bytes in a file.
    var bytes: Int { shape.reduce(1, *) * type.bits / 8 }
}

// MARK: - Conversion

extension StoredType {
    /// Appends the numbers in the little-endian `bytes` to `floats`, rounded to nearest.
    ///
    /// - Precondition: the type is read as float32, and `bytes` is a whole number of elements.
    func append(_ bytes: [UInt8], to floats: inout [Float]) {
        switch self {
        case .float32: floats.append(littleEndian: bytes)
        case .float64: bytes.forEachWord(of: UInt64.self) { floats.append(Float(Double(bitPattern: $0))) }
        case .bfloat16: bytes.forEachWord(of: UInt16.self) { floats.append(Float(bitPattern: UInt32($0) << 16)) }
        case .float16: bytes.forEachWord(of: UInt16.self) { floats.append(Float(Float16(bitPattern: $0))) }
        default: preconditionFailure("\(rawValue) is not read as float32")
        }
    }

    /// Appends the numbers in the little-endian `bytes` to `integers`, clamped to the largest Int64.
    ///
    /// - Precondition: the type is read as int64, and `bytes` is a whole number of elements.
    func append(_ bytes: [UInt8], to integers: inout [Int64]) {
        switch self {
        case .int64: integers.append(littleEndian: bytes)
        case .int32: bytes.forEachWord(of: UInt32.self) { integers.append(Int64(Int32(bitPattern: $0))) }
        case .int16: bytes.forEachWord(of: UInt16.self) { integers.append(Int64(Int16(bitPattern: $0))) }
        case .int8: bytes.forEachWord(of: UInt8.self) { integers.append(Int64(Int8(bitPattern: $0))) }
        case .uint64: bytes.forEachWord(of: UInt64.self) { integers.append(Int64(clamping: $0)) }
        case .uint32: bytes.forEachWord(of: UInt32.self) { integers.append(Int64($0)) }
        case .uint16: bytes.forEachWord(of: UInt16.self) { integers.append(Int64($0)) }
        case .uint8: bytes.forEachWord(of: UInt8.self) { integers.append(Int64($0)) }
        case .bool: bytes.forEachWord(of: UInt8.self) { integers.append($0 == 0 ? 0 : 1) }
        default: preconditionFailure("\(rawValue) is not read as int64")
        }
    }
}

extension NamedTensor.Storage {
    /// The numbers of a tensor as a file has them; nil where their type is not read.
    ///
    /// - Parameters:
    ///   - count: how many there are.
    ///   - forEachRun: hands over their bytes, whole elements at a time.
    init?<Failure: Error>(
        _ type: StoredType, count: Int, _ forEachRun: (_ take: ([UInt8]) -> Void) throws(Failure) -> Void
    ) throws(Failure) {
        switch type.readAs {
        case .float32:
            var floats: [Float] = []
            floats.reserveCapacity(count)
            try forEachRun { type.append($0, to: &floats) }
            self = .float32(floats)
        case .int64:
            var integers: [Int64] = []
            integers.reserveCapacity(count)
            try forEachRun { type.append($0, to: &integers) }
            self = .int64(integers)
        default: return nil
        }
    }
}

extension [UInt8] {
    /// Calls `body` with each little-endian word in turn.
    fileprivate func forEachWord<Word: FixedWidthInteger & UnsignedInteger>(
        of type: Word.Type, _ body: (Word) -> Void
    ) {
        let size = MemoryLayout<Word>.size
        precondition(count % size == 0, "\(count) bytes end within a number")
        for start in stride(from: 0, to: count, by: size) {
            var word: Word = 0
            for place in 0..<size { word |= Word(truncatingIfNeeded: self[start + place]) << Word(8 * place) }
            body(word)
        }
    }
}
