import CZstd

/// Compresses a stream into one zstd frame with a checksum. (RFC 8878.)
struct ZstdCompressor: ~Copyable {
    /// Compression looks back this far, as a power of two. Weights do not repeat themselves, and readers need no more
    /// memory than this.
    static let windowLog: Int32 = 18

    private let context: OpaquePointer
    private var output: [UInt8]

    /// - Parameter size: The bytes that will come, which the frame's header then says.
    init(size: Int, compression: Compression = Compression()) {
        guard let context = ZSTD_createCCtx() else { preconditionFailure("no memory is left for zstd") }
        self.context = context
        output = [UInt8](repeating: 0, count: ZSTD_CStreamOutSize())
        let statuses = [
            ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(compression.level)),
            ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, Self.windowLog),
            ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1),
            ZSTD_CCtx_setPledgedSrcSize(context, UInt64(size)),
        ]
        precondition(statuses.allSatisfy { ZSTD_isError($0) == 0 }, "zstd refused level \(compression.level)")
        // A library that was built without threads refuses, and compresses in this one.
        if compression.threads > 0 {
            _ = ZSTD_CCtx_setParameter(context, ZSTD_c_nbWorkers, Int32(compression.threads))
        }
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

/// Decompresses one zstd frame. What it allocates depends on the file's size, not on what the frame claims.
struct ZstdDecompressor: ~Copyable {
    /// Bytes that are asked for at once, for good speed.
    static let chunk = 1 << 17

    private let context: OpaquePointer
    private let path: String
    private let inputSize: Int
    private var input: [UInt8] = []
    private var position = 0
    private var isFrameComplete = false

    /// - Parameters:
    ///   - path: What messages call the file.
    ///   - fileBytes: How long it is: a short one must do with a small window.
    init(path: String, fileBytes: Int) {
        guard let context = ZSTD_createDCtx() else { preconditionFailure("no memory is left for zstd") }
        self.context = context
        self.path = path
        inputSize = min(ZSTD_DStreamInSize(), max(fileBytes, 1))
        // Other programs may have compressed with a window of up to 128 MiB.
        let windowLog = fileBytes < 1 << 16 ? ZstdCompressor.windowLog : 27
        let status = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, windowLog)
        precondition(ZSTD_isError(status) == 0, "zstd refused a window of 2^\(windowLog)")
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
            input = try compressed(inputSize)
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
