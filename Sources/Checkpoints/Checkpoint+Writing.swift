extension Checkpoint {
    /// Writes the checkpoint to `path`, whole or not at all: plain where the name ends in `.safetensors`, else in a
    /// zstd frame.
    ///
    /// - Throws: `otherEnding` for the name of another kind of file, and errors of writing.
    package func write(to path: String, compression: Compression = Compression()) throws(CheckpointError) {
        let isPlain = try FileEnding.isPlain(path, otherwise: false)
        _ = try draft.write(to: path, compression: isPlain ? nil : compression, in: SystemFiles())
    }

    /// Writes only parameters and buffers to `path`, for other programs, as `safetensors.torch.save_file` writes a
    /// state_dict. Whole or not at all; in a zstd frame where the name ends in `.zst`.
    ///
    /// - Throws: the errors of `write`.
    package func exportWeights(to path: String) throws(CheckpointError) {
        let isPlain = try FileEnding.isPlain(path, otherwise: true)
        var file = try AtomicFile(path: path)
        let weights = CheckpointDraft(tensors: tensors, metadata: ["format": "pt"])
        _ = try weights.encodeUnsealed(isPlain ? nil : Compression()) { (bytes) throws(CheckpointError) in
            try file.write(bytes)
        }
        try file.commit()
    }
}

extension CheckpointDraft {
    /// The size and digest that a written file must have when it is read back.
    struct Written: Equatable {
        /// The SHA-256 of the decompressed content.
        let digest: String
        /// The bytes of the file, and of its decompressed content.
        let bytes: Int
    }

    /// Writes the checkpoint to `path`, whole or not at all; uncompressed where `compression` is nil.
    func write(
        to path: String, compression: Compression?, in files: any FileSystem
    ) throws(CheckpointError) -> Written {
        var file = try AtomicFile(path: path, in: files)
        let digest = try encode(compression) { (bytes) throws(CheckpointError) in try file.write(bytes) }
        let bytes = file.size
        try file.commit()
        return Written(digest: digest, bytes: bytes)
    }

    /// Hands the bytes of a file to `write`, and returns the SHA-256 of those that they decompress to.
    ///
    /// - Parameter compression: nil for bytes as they are.
    func encode(_ compression: Compression?, to write: ByteSink) throws(CheckpointError) -> String {
        try sealed().encodeUnsealed(compression, to: write)
    }

    /// The same without digests in the metadata.
    func encodeUnsealed(_ compression: Compression?, to write: ByteSink) throws(CheckpointError) -> String {
        var digest = SHA256()
        guard let compression else {
            try Safetensors.encode(self) { (bytes) throws(CheckpointError) in
                digest.update(bytes)
                try write(bytes)
            }
            return digest.finished()
        }
        var frame = ZstdCompressor(size: Safetensors.layout(of: self).total, compression: compression)
        try Safetensors.encode(self) { (bytes) throws(CheckpointError) in
            digest.update(bytes)
            try frame.compress(bytes, to: write)
        }
        try frame.finish(to: write)
        return digest.finished()
    }
}

extension CheckpointDraft.Written {
    /// Reads back the file at `path`; checks every checksum of the frame.
    ///
    /// - Throws: `verificationFailed` where the content differs from what was written, and errors of reading.
    func verify(_ path: String, in files: any FileSystem) throws(CheckpointError) {
        let file = try InputFile(path: path, in: files)
        var frame = ZstdDecompressor(path: path, fileBytes: file.size)
        var digest = SHA256()
        while true {
            let bytes = try frame.read(ZstdDecompressor.chunk) { (count) throws(CheckpointError) in
                try file.read(count)
            }
            if bytes.isEmpty { break }
            digest.update(bytes)
        }
        guard digest.finished() == self.digest else { throw .verificationFailed(path: path) }
    }
}
