extension Safetensors {
    /// Where a tensor stands, as the header says.
    struct Entry {
        let name: String
        let type: ElementType
        let shape: [Int]
        /// Offsets after the header.
        let bytes: Range<Int>
    }

    /// Types that the format knows and a checkpoint does not have.
    private static let otherTypes: Set<String> = [
        "BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F4", "F6_E2M3", "F6_E3M2", "I16", "U16", "F16", "BF16",
        "I32", "U32", "F64", "U64", "C64",
    ]

    /// Bytes that are read and converted at once.
    private static let chunk = 1 << 16

    /// Reads a whole file. Memory grows with what a file has, not with what its header claims.
    ///
    /// - Parameters:
    ///   - path: What messages call the file.
    ///   - limits: What a file of its size may hold.
    ///   - read: Gives the file's bytes.
    /// - Throws: `damaged` where bytes are missing, `malformed` where a rule of the format is broken.
    static func decode(
        path: String, within limits: Limits, from read: ByteSource
    ) throws(CheckpointError) -> Contents {
        let (metadata, entries, headerBytes) = try decodeHeader(path: path, within: limits, from: read)
        let inOrder = try checkedForGaps(entries, path)
        let claimed = headerBytes + (inOrder.last?.bytes.upperBound ?? 0)
        guard claimed <= limits.content else {
            throw .damaged(path: path, reason: limits.excuse(claimed: claimed))
        }
        var storages: [String: NamedTensor.Storage] = [:]
        for entry in inOrder { storages[entry.name] = try storage(of: entry, path, read) }
        guard try read(1).isEmpty else {
            throw .malformed(
                path: path, tensor: nil,
                rule: "bytes follow the last tensor\(inOrder.last.map { ", \($0.name)" } ?? "")")
        }
        let tensors = entries.compactMap { entry in
            storages[entry.name].map { NamedTensor(name: entry.name, shape: entry.shape, storage: $0) }
        }
        return Contents(tensors: tensors, metadata: metadata)
    }

    /// Reads the header alone.
    ///
    /// - Returns: also how many bytes were read.
    static func decodeHeader(
        path: String, within limits: Limits, from read: ByteSource
    ) throws(CheckpointError) -> (metadata: [String: String], entries: [Entry], bytes: Int) {
        let lengthBytes = try take(8, "the header's length", path, read)
        let length = UInt64(littleEndianBytes: lengthBytes)
        guard length <= UInt64(longestHeader) else {
            throw .malformed(path: path, tensor: nil, rule: "a header of \(length) bytes; at most \(longestHeader)")
        }
        guard length <= UInt64(limits.header) else {
            throw .damaged(path: path, reason: limits.excuse(claimed: Int(length)))
        }
        let (metadata, entries) = try parse(try take(Int(length), "the header", path, read), path)
        return (metadata, entries, 8 + Int(length))
    }

    /// Reads exactly `count` bytes, which messages call `what`.
    private static func take(
        _ count: Int, _ what: String, _ path: String, _ read: ByteSource
    ) throws(CheckpointError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = try read(min(count - bytes.count, chunk))
            guard !more.isEmpty else {
                throw .damaged(path: path, reason: "it ends in \(what), \(count - bytes.count) bytes too early")
            }
            bytes += more
        }
        return bytes
    }

    private static func storage(
        of entry: Entry, _ path: String, _ read: ByteSource
    ) throws(CheckpointError) -> NamedTensor.Storage {
        var floats: [Float] = []
        var integers: [Int64] = []
        // What the header claims has been held against the file's size.
        switch entry.type {
        case .float32: floats.reserveCapacity(entry.bytes.count / entry.type.size)
        case .int64: integers.reserveCapacity(entry.bytes.count / entry.type.size)
        }
        var left = entry.bytes.count
        while left > 0 {
            let bytes = try take(min(left, chunk), "tensor \(entry.name)", path, read)
            left -= bytes.count
            switch entry.type {
            case .float32: floats.append(littleEndian: bytes)
            case .int64: integers.append(littleEndian: bytes)
            }
        }
        return switch entry.type {
        case .float32: .float32(floats)
        case .int64: .int64(integers)
        }
    }

    /// The entries in the order of their bytes, which must follow each other without holes or overlaps.
    private static func checkedForGaps(_ entries: [Entry], _ path: String) throws(CheckpointError) -> [Entry] {
        let sorted = entries.sorted {
            ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound)
        }
        var end = 0
        for entry in sorted {
            let start = entry.bytes.lowerBound
            guard start == end else {
                let what = start > end ? "a hole of \(start - end) bytes before it" : "it overlaps the one before it"
                throw .malformed(
                    path: path, tensor: entry.name, rule: "\(what); tensors follow each other without gaps")
            }
            end = entry.bytes.upperBound
        }
        return sorted
    }
}

// MARK: - The header

extension Safetensors {
    private static func parse(
        _ header: [UInt8], _ path: String
    ) throws(CheckpointError) -> (metadata: [String: String], entries: [Entry]) {
        guard header.first == UInt8(ascii: "{") else {
            throw .malformed(path: path, tensor: nil, rule: "the header does not start with {")
        }
        let json: HeaderJSON
        do throws(HeaderJSON.Problem) {
            json = try HeaderJSON.parse(header, longestList: mostDimensions)
        } catch {
            throw .malformed(
                path: path, tensor: error.member == metadataKey ? nil : error.member,
                rule: "the header's JSON is broken at byte \(error.offset): \(error.reason)")
        }
        guard case .object(let members) = json else { return ([:], []) }
        var metadata: [String: String] = [:]
        var entries: [Entry] = []
        for member in members {
            if member.key == metadataKey {
                metadata = try texts(member.value, path)
            } else {
                entries.append(try entry(member, path))
            }
        }
        return (metadata, entries)
    }

    private static func texts(_ json: HeaderJSON, _ path: String) throws(CheckpointError) -> [String: String] {
        let rule = "\(metadataKey) maps texts to texts"
        guard case .object(let members) = json else { throw .malformed(path: path, tensor: nil, rule: rule) }
        var texts: [String: String] = [:]
        for member in members {
            guard case .string(let text) = member.value else {
                throw .malformed(path: path, tensor: nil, rule: "\(rule), but \(member.key) is none")
            }
            texts[member.key] = text
        }
        return texts
    }

    private static func entry(_ member: HeaderJSON.Member, _ path: String) throws(CheckpointError) -> Entry {
        func broken(_ rule: String) -> CheckpointError { .malformed(path: path, tensor: member.key, rule: rule) }

        guard case .object(let fields) = member.value,
            Set(fields.map(\.key)) == ["dtype", "shape", "data_offsets"]
        else { throw broken("its entry has dtype, shape and data_offsets, no more and no less") }
        let values = Dictionary(uniqueKeysWithValues: fields.map { ($0.key, $0.value) })

        guard case .string(let typeName)? = values["dtype"] else { throw broken("its dtype is not a text") }
        guard let type = ElementType(rawValue: typeName) else {
            throw broken(
                otherTypes.contains(typeName)
                    ? "its dtype is \(typeName); a checkpoint has F32 and I64, so convert it to float32 first"
                    : "its dtype \(typeName) is unknown")
        }
        guard let shape = values["shape"].flatMap(counts) else { throw broken("its shape is not a list of sizes") }
        guard let offsets = values["data_offsets"].flatMap(counts), offsets.count == 2, offsets[0] <= offsets[1] else {
            throw broken("its data_offsets are not a start and an end after it")
        }
        var bytes = type.size
        for size in shape {
            let (product, isTooLarge) = bytes.multipliedReportingOverflow(by: size)
            guard !isTooLarge else { throw broken("shape \(shape) has more bytes than a number can say") }
            bytes = product
        }
        guard bytes == offsets[1] - offsets[0] else {
            throw broken("shape \(shape) of \(typeName) is \(bytes) bytes, but \(offsets[1] - offsets[0]) are its own")
        }
        return Entry(name: member.key, type: type, shape: shape, bytes: offsets[0]..<offsets[1])
    }

    private static func counts(_ json: HeaderJSON) -> [Int]? {
        guard case .array(let elements) = json else { return nil }
        var counts: [Int] = []
        for element in elements {
            guard case .count(let count) = element else { return nil }
            counts.append(count)
        }
        return counts
    }
}
