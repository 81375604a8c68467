extension Checkpoint {
    /// Writes the checkpoint to `path`, whole or not at all.
    package func write(to path: String, compression: Compression = Compression()) throws(CheckpointError) {
        _ = try write(to: path, compression: compression, in: SystemFiles())
    }

    /// What a file that was written should turn out to be.
    struct Written: Equatable {
        /// SHA-256 of what it decompresses to.
        let digest: String
        /// Bytes of the file, and of what it decompresses to.
        let bytes: Int
        let contentBytes: Int
    }

    /// Writes as above.
    func write(
        to path: String, compression: Compression, in files: any FileSystem
    ) throws(CheckpointError) -> Written {
        var file = try AtomicFile(path: path, in: files)
        let (digest, contentBytes) = try encode(compression) { (bytes) throws(CheckpointError) in
            try file.write(bytes)
        }
        let bytes = file.size
        try file.commit()
        return Written(digest: digest, bytes: bytes, contentBytes: contentBytes)
    }

    /// Writes parameters and buffers alone to `path`, not compressed, as `safetensors.torch.save_file` writes a
    /// state_dict: what other programs load. Whole or not at all.
    package func exportWeights(to path: String) throws(CheckpointError) {
        var file = try AtomicFile(path: path, in: SystemFiles())
        let contents = Safetensors.Contents(tensors: tensors, metadata: ["format": "pt"])
        try Safetensors.encode(contents) { (bytes) throws(CheckpointError) in try file.write(bytes) }
        try file.commit()
    }

    /// Hands the bytes of a file to `write`, and returns the SHA-256 and the number of those that they decompress to.
    func encode(_ compression: Compression, to write: ByteSink) throws(CheckpointError) -> (String, Int) {
        let contents = Safetensors.Contents(tensors: allTensors, metadata: metadata).sealed()
        let total = Safetensors.layout(of: contents).total
        var frame = ZstdCompressor(size: total, compression: compression)
        var digest = SHA256()
        try Safetensors.encode(contents) { (bytes) throws(CheckpointError) in
            digest.update(bytes)
            try frame.compress(bytes, to: write)
        }
        try frame.finish(to: write)
        return (digest.finished(), total)
    }

    /// Reads back the file at `path`; every checksum of the frame is checked on the way.
    ///
    /// - Throws: `verificationFailed` where it is not what was written, and whatever reading throws.
    static func verify(_ path: String, is written: Written, in files: any FileSystem) throws(CheckpointError) {
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
        guard digest.finished() == written.digest else { throw .verificationFailed(path: path) }
    }
}
