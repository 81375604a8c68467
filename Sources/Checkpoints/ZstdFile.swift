import CZstd

/// Compresses a stream into one zstd frame with a checksum. (RFC 8878.)
struct ZstdCompressor: ~Copyable {
    /// What levels trade: 1 is fastest, 19 smallest. Weights are mostly noise, so a high level gains little.
    static let defaultLevel: Int32 = 3

    private let context: OpaquePointer
    private var output: [UInt8]

    /// - Parameter size: The bytes that will come, which the frame's header then says.
    init(size: Int, level: Int32 = ZstdCompressor.defaultLevel) {
        guard let context = ZSTD_createCCtx() else { preconditionFailure("no memory is left for zstd") }
        self.context = context
        output = [UInt8](repeating: 0, count: ZSTD_CStreamOutSize())
        let statuses = [
            ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level),
            ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1),
            ZSTD_CCtx_setPledgedSrcSize(context, UInt64(size)),
        ]
        precondition(statuses.allSatisfy { ZSTD_isError($0) == 0 }, "zstd refused level \(level)")
    }

    deinit { ZSTD_freeCCtx(context) }

    /// Hands what `bytes` compress to, as far as zstd gives it out already, to `write`.
    mutating func compress(_ bytes: borrowing RawSpan, to write: ByteSink) throws(CheckpointError) {
        var position = 0
        while position < bytes.byteCount { try step(bytes, &position, ZSTD_e_continue, write) }
    }

    /// Ends the frame. All bytes that were promised must have come.
    mutating func finish(to write: ByteSink) throws(CheckpointError) {
        let nothing: [UInt8] = []
        var position = 0
        while try step(nothing.span.bytes, &position, ZSTD_e_end, write) != 0 {}
    }

    /// Compresses once into the output buffer and passes that on; says how much zstd still holds back at least.
    @discardableResult
    private mutating func step(
        _ bytes: borrowing RawSpan, _ position: inout Int, _ directive: ZSTD_EndDirective, _ write: ByteSink
    ) throws(CheckpointError) -> Int {
        var written = 0
        let left = unsafe bytes.withUnsafeBytes { source in
            unsafe output.withUnsafeMutableBytes { destination in
                var from = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: position)
                var into = unsafe ZSTD_outBuffer(dst: destination.baseAddress, size: destination.count, pos: 0)
                let left = unsafe ZSTD_compressStream2(context, &into, &from, directive)
                (position, written) = unsafe (from.pos, into.pos)
                return left
            }
        }
        precondition(ZSTD_isError(left) == 0, "zstd could not compress: \(String(cString: ZSTD_getErrorName(left)))")
        if written > 0 { try write(output.span.bytes.extracting(first: written)) }
        return left
    }
}

/// Decompresses one zstd frame. What it allocates does not depend on what the frame claims, but for a window of 128 MiB
/// at most.
struct ZstdDecompressor: ~Copyable {
    private let context: OpaquePointer
    private let path: String
    private var input: [UInt8] = []
    private var position = 0
    private var isFrameComplete = false

    /// - Parameter path: What messages call the file.
    init(path: String) {
        guard let context = ZSTD_createDCtx() else { preconditionFailure("no memory is left for zstd") }
        self.context = context
        self.path = path
    }

    deinit { ZSTD_freeDCtx(context) }

    /// The next bytes, `count` at most; none at the end only, which is then checked to be the frame's and the file's.
    mutating func read(_ count: Int, from compressed: ByteSource) throws(CheckpointError) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: count)
        var written = 0
        while written < count && !isFrameComplete {
            let before = written
            let hint = decompress(into: &output, &written)
            guard ZSTD_isError(hint) == 0 else {
                throw .damaged(path: path, reason: "zstd says: \(String(cString: ZSTD_getErrorName(hint)))")
            }
            isFrameComplete = hint == 0
            // Only when zstd neither has more to give nor ends does it need another piece of the file.
            guard !isFrameComplete && written == before && position == input.count else { continue }
            input = try compressed(ZSTD_DStreamInSize())
            position = 0
            if input.isEmpty { throw .damaged(path: path, reason: "it ends in the middle of its zstd frame") }
        }
        if isFrameComplete && written < count {
            let rest = try position < input.count ? input : compressed(1)
            guard rest.isEmpty else { throw .damaged(path: path, reason: "something follows its zstd frame") }
        }
        output.removeLast(count - written)
        return output
    }

    /// Decompresses what is there of the input into what is left of the output; 0 when the frame has ended.
    private mutating func decompress(into output: inout [UInt8], _ written: inout Int) -> Int {
        unsafe input.withUnsafeBytes { source in
            unsafe output.withUnsafeMutableBytes { destination in
                var from = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: position)
                var into = unsafe ZSTD_outBuffer(dst: destination.baseAddress, size: destination.count, pos: written)
                let hint = unsafe ZSTD_decompressStream(context, &into, &from)
                (position, written) = unsafe (from.pos, into.pos)
                return hint
            }
        }
    }
}
