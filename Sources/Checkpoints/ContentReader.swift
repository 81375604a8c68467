/// A reader of a file's content, compressed or not.
struct ContentReader: ~Copyable {
    /// The largest header and content that a file of this size may have.
    let limits: Safetensors.Limits
    /// The decompressor of a compressed file; nil for a plain one.
    private var frame: ZstdDecompressor?
    /// The bytes that were read to determine the file's kind; `read` returns them first.
    private var pushedBack: ArraySlice<UInt8>

    /// Determines the file's kind.
    ///
    /// - Parameters:
    ///   - path: the file's name in messages.
    ///   - fileBytes: the number of bytes that `read` will give.
    /// - Throws: `notACheckpoint`, or `damaged` where the file is empty.
    init(path: String, fileBytes: Int, from read: ByteSource) throws(CheckpointError) {
        var head: [UInt8] = []
        while head.count < 9 {
            let more = try read(9 - head.count)
            if more.isEmpty { break }
            head += more
        }
        switch try FileKind(head: head, path: path) {
        case .plain:
            limits = Safetensors.Limits(plainBytes: fileBytes)
            frame = nil
        case .zstd:
            limits = Safetensors.Limits(compressedBytes: fileBytes)
            frame = ZstdDecompressor(path: path, fileBytes: fileBytes)
        }
        pushedBack = head[...]
    }

    /// Returns the next bytes of the content, at most `count`; none only at the end.
    mutating func read(_ count: Int, from read: ByteSource) throws(CheckpointError) -> [UInt8] {
        var rest = pushedBack
        defer { pushedBack = rest }
        func next(_ count: Int) throws(CheckpointError) -> [UInt8] {
            guard rest.isEmpty else {
                defer { rest = rest.dropFirst(count) }
                return Array(rest.prefix(count))
            }
            return try read(count)
        }
        guard let bytes = try frame?.read(count, from: next) else { return try next(count) }
        return bytes
    }
}
