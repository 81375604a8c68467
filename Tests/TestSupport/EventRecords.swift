import Foundation

/// A message of Protocol Buffers, read without its schema.
public struct ProtobufFields {
    public enum Value: Equatable {
        case number(UInt64)
        case bytes([UInt8])
    }

    public let fields: [(number: Int, value: Value)]

    /// nil for what is no message.
    public init?(_ bytes: [UInt8]) {
        var (rest, fields) = (bytes[...], [(number: Int, value: Value)]())
        func varint() -> UInt64? {
            var (value, shift) = (UInt64(0), UInt64(0))
            while let byte = rest.popFirst() {
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
            return nil
        }
        func taken(_ count: Int) -> [UInt8]? {
            guard rest.count >= count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        func fixed(_ count: Int) -> UInt64? {
            taken(count).map { $0.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
        }
        while !rest.isEmpty {
            guard let tag = varint() else { return nil }
            let value: Value? =
                switch tag & 7 {
                case 0: varint().map { .number($0) }
                case 1: fixed(8).map { .number($0) }
                case 2: varint().flatMap { taken(Int($0)) }.map { .bytes($0) }
                case 5: fixed(4).map { .number($0) }
                default: nil
                }
            guard let value else { return nil }
            fields.append((Int(tag >> 3), value))
        }
        self.fields = fields
    }

    public func number(_ field: Int) -> UInt64? {
        fields.last { $0.number == field }.flatMap { if case .number(let number) = $0.value { number } else { nil } }
    }

    public func double(_ field: Int) -> Double? { number(field).map { Double(bitPattern: $0) } }

    public func float(_ field: Int) -> Float? {
        number(field).map { Float(bitPattern: UInt32(truncatingIfNeeded: $0)) }
    }

    public func bytes(_ field: Int) -> [UInt8]? {
        fields.last { $0.number == field }.flatMap { if case .bytes(let bytes) = $0.value { bytes } else { nil } }
    }

    public func text(_ field: Int) -> String? { bytes(field).map { String(decoding: $0, as: UTF8.self) } }

    public func message(_ field: Int) -> ProtobufFields? { bytes(field).flatMap { ProtobufFields($0) } }

    public func messages(_ field: Int) -> [ProtobufFields] {
        fields.filter { $0.number == field }.compactMap {
            if case .bytes(let bytes) = $0.value { ProtobufFields(bytes) } else { nil }
        }
    }

    public func doubles(_ field: Int) -> [Double] {
        let bytes = bytes(field) ?? []
        return stride(from: 0, to: bytes.count, by: 8).map { place in
            Double(bitPattern: bytes[place..<place + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) })
        }
    }
}

/// The records of an event file, read as TensorBoard reads them.
public struct EventRecords {
    /// The whole ones.
    public private(set) var events: [ProtobufFields] = []
    /// Bytes behind them.
    public private(set) var tornBytes = 0
    /// Whether a checksum or message was wrong that is there in full.
    public private(set) var isDamaged = false

    public init(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while rest.count >= 12 {
            let head = Array(rest.prefix(12))
            guard UInt64(Self.maskedChecksum(of: head[..<8])) == Self.number(head[8..<12]) else {
                isDamaged = true
                return
            }
            let count = Int(Self.number(head[..<8]))
            guard rest.count >= 12 + count + 4 else { break }
            let data = Array(rest.dropFirst(12).prefix(count))
            let checksum = UInt64(Self.maskedChecksum(of: data))
            guard checksum == Self.number(rest.dropFirst(12 + count).prefix(4)), let event = ProtobufFields(data) else {
                isDamaged = true
                return
            }
            events.append(event)
            rest = rest.dropFirst(16 + count)
        }
        tornBytes = rest.count
    }

    public init(path: String) throws { self.init([UInt8](try Data(contentsOf: URL(filePath: path)))) }

    /// The checksum of records, a bit at a time (RFC 3720, appendix B.4).
    private static func maskedChecksum(of bytes: some Sequence<UInt8>) -> UInt32 {
        var remainder = ~UInt32(0)
        for byte in bytes {
            remainder ^= UInt32(byte)
            for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 1 ? 0x82F6_3B78 : 0) }
        }
        return ((~remainder >> 15) | (~remainder << 17)) &+ 0xA282_EAD8
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The values of all summaries with a tag, with their steps.
    public func values(_ tag: String) -> [(step: Int, value: ProtobufFields)] {
        events.flatMap { event in
            (event.message(5)?.messages(1) ?? []).filter { $0.text(1) == tag }.map { (Int(event.number(2) ?? 0), $0) }
        }
    }

    public var tags: Set<String> {
        Set(events.flatMap { ($0.message(5)?.messages(1) ?? []).compactMap { $0.text(1) } })
    }
}
