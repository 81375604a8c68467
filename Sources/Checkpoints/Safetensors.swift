import Tensors

/// The safetensors format: eight bytes with the header's length, a JSON header, then all tensors' bytes without gaps.
///
/// The header names each tensor's type, shape and place; `__metadata__` in it maps texts to texts.
/// (https://github.com/huggingface/safetensors, "Format".)
enum Safetensors {
    /// The content of a file; tensors are in the header's order.
    struct Contents: Equatable {
        var tensors: [NamedTensor]
        var metadata: [String: String]
        /// The tensors whose numbers have another type in the file.
        var converted: [ListedTensor] = []
        /// The tensors whose numbers were not read.
        var unread: [ListedTensor] = []
    }

    /// The most bytes of a header.
    static let longestHeader = 100_000_000
    static let metadataKey = "__metadata__"
    /// The most dimensions of a tensor, as in PyTorch.
    static let mostDimensions = 64

    /// The largest contents of a file of a certain size, so that a few bytes cannot ask for much memory.
    struct Limits {
        /// The most bytes of the header.
        let header: Int
        /// The most bytes of the whole content, including the header.
        let content: Int
        private let fileBytes: Int

        /// Makes the limits of an uncompressed file: its own size.
        init(plainBytes: Int) {
            (header, content, fileBytes) = (plainBytes, plainBytes, plainBytes)
        }

        /// Makes the limits of a compressed file. A header is text with digests, which do not compress; zeros shrink by
        /// up to 32768. A checkpoint is larger than 256 bytes.
        init(compressedBytes bytes: Int) {
            fileBytes = bytes
            header = 1024 + 128 * min(bytes, longestHeader)
            content = bytes <= 256 ? 1 << 17 : bytes.multipliedReportingOverflow(by: 1 << 15).partialValue
        }

        func excuse(claimed: Int) -> String { "it claims \(claimed) bytes, which a file of \(fileBytes) cannot hold" }
    }

    /// Returns the header of a draft, the order in which its tensors' bytes follow, and the bytes of all.
    static func layout(of draft: CheckpointDraft) -> (header: [UInt8], order: [Int], total: Int) {
        let tensors = draft.tensors
        // Wide types come first, so that every tensor begins at a multiple of its element's size; then names decide, as
        // in the format's own writer. The header lists the tensors in the order given, in which reading returns them.
        let order = tensors.indices.sorted { a, b in
            let (left, right) = (tensors[a], tensors[b])
            let (wide, wider) = (left.type.bits, right.type.bits)
            return wide == wider ? left.name.utf8.lexicographicallyPrecedes(right.name.utf8) : wide > wider
        }
        var starts = [Int](repeating: 0, count: tensors.count)
        var end = 0
        for index in order {
            starts[index] = end
            end += tensors[index].bytes
        }
        var members: [String] = []
        if !draft.metadata.isEmpty { members.append("\"\(metadataKey)\":" + HeaderJSON.object(draft.metadata)) }
        for (tensor, start) in zip(tensors, starts) {
            let shape = tensor.shape.map { String($0) }.joined(separator: ",")
            members.append(
                "\(HeaderJSON.quoted(tensor.name)):{\"dtype\":\"\(tensor.type.rawValue)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(start),\(start + tensor.bytes)]}")
        }
        var header = Array("{\(members.joined(separator: ","))}".utf8)
        header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
        return (header, order, 8 + header.count + end)
    }

    /// Writes a draft in pieces: the header's length, the header, the tensors. No two tensors may have the same name.
    static func encode(_ draft: CheckpointDraft, to write: ByteSink) throws(CheckpointError) {
        precondition(
            Set(draft.tensors.map { ExactName($0.name) }).count == draft.tensors.count
                && !draft.tensors.contains { $0.name == metadataKey }, "two tensors have the same name")
        let (header, order, _) = layout(of: draft)
        precondition(header.count <= longestHeader, "a header of \(header.count) bytes")
        try write((UInt64(header.count).littleEndianBytes + header).span.bytes)
        for index in order { try draft.bytes(index, write) }
    }
}
