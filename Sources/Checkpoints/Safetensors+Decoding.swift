import Machine

extension Safetensors {
    /// A tensor in the header's list, and its place.
    struct Entry {
        let tensor: ListedTensor
        /// The byte offsets after the header.
        let bytes: Range<Int>

        var name: String { tensor.name }
    }

    /// A function that returns the indices of the wanted tensors of a header's list.
    typealias Choice = ([ListedTensor]) -> Set<Int>

    /// The bytes that are read and converted at a time.
    private static let chunk = 1 << 16

    /// Reads a whole file. Memory grows with the file's actual content, not with what its header claims.
    ///
    /// - Parameters:
    ///   - path: the file's name in messages.
    ///   - limits: the largest header and content that a file of its size may have.
    ///   - choose: returns the tensors to read; nil for all of supported types. It is not called for a file with
    ///     digests, which must all be checked.
    ///   - read: gives the file's bytes.
    /// - Throws: `damaged` where bytes are missing, `malformed` where a rule of the format is broken.
    static func decode(
        path: String, within limits: Limits, choosing choose: Choice? = nil, from read: ByteSource
    ) throws(CheckpointError) -> Contents {
        let (metadata, entries, headerBytes) = try decodeHeader(path: path, within: limits, from: read)
        let inOrder = try checkedForGaps(entries, path)
        let claimed = headerBytes + (inOrder.last?.entry.bytes.upperBound ?? 0)
        guard claimed <= limits.content else {
            throw .damaged(path: path, reason: limits.excuse(claimed: claimed))
        }
        let wanted = isSealed(metadata) ? nil : choose?(entries.map(\.tensor))
        try requireMemory(for: entries.indices.filter { wanted?.contains($0) ?? true }.map { entries[$0].tensor }, path)
        var storages = [NamedTensor.Storage?](repeating: nil, count: entries.count)
        for (place, entry) in inOrder {
            guard wanted?.contains(place) ?? true, entry.tensor.type.readAs != nil else {
                try forEachChunk(of: entry, path, read) { _ in }
                continue
            }
            // What the header claims has been held against the file's size.
            let count = entry.bytes.count * 8 / entry.tensor.type.bits
            storages[place] = try NamedTensor.Storage(entry.tensor.type, count: count) {
                (take) throws(CheckpointError) in try forEachChunk(of: entry, path, read, take)
            }
        }
        guard try read(1).isEmpty else {
            throw .malformed(
                path: path, tensor: nil,
                rule: "bytes follow the last tensor\(inOrder.last.map { ", \($0.entry.name)" } ?? "")")
        }
        return Contents(entries.map(\.tensor), numbers: storages, metadata: metadata)
    }

    /// Checks, before tensors are read, that there is memory for them.
    static func requireMemory(for tensors: [ListedTensor], _ path: String) throws(CheckpointError) {
        let bytes = tensors.reduce(0) { sum, tensor in
            let count = tensor.shape.reduce(1) { $0.saturatingProduct($1) }
            return sum.saturatingSum(count.saturatingProduct((tensor.type.readAs?.bits ?? 0) / 8))
        }
        // The free memory is not known to the megabyte.
        guard bytes > 16 << 20 else { return }
        do throws(MemoryError) {
            try MemoryCapacity.here.require(
                bytes, for: "reading \(path)",
                remedy: "Raise that limit, free memory, or read the file on another machine")
        } catch {
            throw .memory(error)
        }
    }

    /// Reads only the header.
    ///
    /// - Returns: the header, and the number of bytes that were read.
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

    /// Reads exactly `count` bytes, called `what` in messages.
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

    /// Calls `body` with the tensor's bytes, whole elements at a time.
    private static func forEachChunk(
        of entry: Entry, _ path: String, _ read: ByteSource, _ body: ([UInt8]) -> Void
    ) throws(CheckpointError) {
        var left = entry.bytes.count
        while left > 0 {
            let bytes = try take(min(left, chunk), "tensor \(entry.name)", path, read)
            left -= bytes.count
            body(bytes)
        }
    }

    /// Returns the entries in the order of their bytes, with their indices in the header. The bytes must follow each
    /// other without gaps or overlaps.
    private static func checkedForGaps(
        _ entries: [Entry], _ path: String
    ) throws(CheckpointError) -> [(place: Int, entry: Entry)] {
        let sorted = entries.enumerated().map { (place: $0.offset, entry: $0.element) }.sorted {
            ($0.entry.bytes.lowerBound, $0.entry.bytes.upperBound)
                < ($1.entry.bytes.lowerBound, $1.entry.bytes.upperBound)
        }
        var end = 0
        for (_, entry) in sorted {
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

extension Safetensors.Contents {
    /// - Parameters:
    ///   - listed: all tensors of a file.
    ///   - numbers: those of each tensor; nil where they were passed over.
    init(_ listed: [ListedTensor], numbers: [NamedTensor.Storage?], metadata: [String: String]) {
        self.init(tensors: [], metadata: metadata)
        for (tensor, numbers) in zip(listed, numbers) {
            guard let numbers else {
                unread.append(tensor)
                continue
            }
            tensors.append(NamedTensor(name: tensor.name, shape: tensor.shape, storage: numbers))
            if tensor.type != numbers.type { converted.append(tensor) }
        }
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
        guard let type = StoredType(rawValue: typeName) else { throw broken("its dtype \(typeName) is unknown") }
        guard let shape = values["shape"].flatMap(counts) else { throw broken("its shape is not a list of sizes") }
        guard let offsets = values["data_offsets"].flatMap(counts), offsets.count == 2, offsets[0] <= offsets[1] else {
            throw broken("its data_offsets are not a start and an end after it")
        }
        var bits = type.bits
        for size in shape {
            let (product, isTooLarge) = bits.multipliedReportingOverflow(by: size)
            guard !isTooLarge else { throw broken("shape \(shape) has more bytes than a number can say") }
            bits = product
        }
        guard bits.isMultiple(of: 8) else { throw broken("shape \(shape) of \(typeName) ends within a byte") }
        guard bits / 8 == offsets[1] - offsets[0] else {
            throw broken(
                "shape \(shape) of \(typeName) is \(bits / 8) bytes, but \(offsets[1] - offsets[0]) are its own")
        }
        return Entry(
            tensor: ListedTensor(name: member.key, type: type, shape: shape), bytes: offsets[0]..<offsets[1])
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
