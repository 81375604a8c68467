import CZstd

/// A compressor of a stream into one zstd frame with a checksum. (RFC 8878.)
struct ZstdCompressor: ~Copyable {
    /// The base-2 logarithm of the window in bytes. Weights do not repeat themselves, and readers need no more memory
    /// than this.
    static let windowLog: Int32 = 18

    private let context: OpaquePointer
    private var output: [UInt8]

    /// - Parameter size: the number of bytes to come, which the frame's header states.
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
        // A library without threads refuses this, and compresses on the calling thread.
        if compression.threads > 0 {
            _ = ZSTD_CCtx_setParameter(context, ZSTD_c_nbWorkers, Int32(compression.threads))
        }
    }

    deinit { ZSTD_freeCCtx(context) }

    /// Compresses `bytes`, and passes the output that zstd has ready to `write`.
    mutating func compress(_ bytes: borrowing RawSpan, to write: ByteSink) throws(CheckpointError) {
        var position = 0
        while position < bytes.byteCount { try step(bytes, &position, ZSTD_e_continue, write) }
    }

    /// Ends the frame. As many bytes as promised must have come.
    mutating func finish(to write: ByteSink) throws(CheckpointError) {
        let nothing: [UInt8] = []
        var position = 0
        while try step(nothing.span.bytes, &position, ZSTD_e_end, write) != 0 {}
    }

    /// Compresses once into the output buffer and passes that on; returns the least number of bytes that zstd still
    /// holds back.
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

/// A decompressor of one zstd frame. Its memory depends on the file's size, not on what the frame claims.
struct ZstdDecompressor: ~Copyable {
    /// The bytes to ask for at a time, for good speed.
    static let chunk = 1 << 17

    private let context: OpaquePointer
    private let path: String
    private let inputSize: Int
    private var input: [UInt8] = []
    private var position = 0
    private var isFrameComplete = false

    /// - Parameters:
    ///   - path: the file's name in messages.
    ///   - fileBytes: the bytes of the file: a short one must do with a small window.
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

    /// Returns the next bytes, at most `count`; none only at the end, which must be that of the frame and of the file.
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
            // Another piece of the file is needed only when zstd has no more output and the frame has not ended.
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

    /// Decompresses the rest of the input into the rest of the output; returns 0 when the frame has ended.
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
