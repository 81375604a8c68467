/// A message in the wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding), written field by field.
///
/// TensorBoard's few messages do without generated code, which would come with a thousand lines for each of its
/// schemas.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    /// The layout of a field's value.
    private enum WireType: UInt64 {
        case variable = 0
        case eightBytes = 1
        case counted = 2
        case fourBytes = 5
    }

    private mutating func begin(_ field: Int, _ type: WireType) { add(varint: UInt64(field) << 3 | type.rawValue) }

    private mutating func add(varint value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    private mutating func add(littleEndian value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    mutating func add(_ field: Int, _ value: Int) {
        begin(field, .variable)
        add(varint: UInt64(bitPattern: Int64(value)))
    }

    mutating func add(_ field: Int, _ value: Double) {
        begin(field, .eightBytes)
        add(littleEndian: value.bitPattern)
    }

    mutating func add(_ field: Int, _ value: Float) {
        begin(field, .fourBytes)
        add(littleEndian: value.bitPattern)
    }

    mutating func add(_ field: Int, _ value: some Collection<UInt8>) {
        begin(field, .counted)
        add(varint: UInt64(value.count))
        bytes += value
    }

    mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }

    /// Adds a repeated field of numbers, packed.
    mutating func add(_ field: Int, packed values: [Double]) {
        begin(field, .counted)
        add(varint: UInt64(values.count * MemoryLayout<Double>.size))
        for value in values { add(littleEndian: value.bitPattern) }
    }

    /// Adds a message within the message.
    mutating func add(_ field: Int, message fill: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        fill(&inner)
        add(field, inner.bytes)
    }
}
