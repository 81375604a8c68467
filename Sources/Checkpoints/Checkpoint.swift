/// The state of a training run: enough to continue it to the bit, and to use its network elsewhere.
package struct Checkpoint: Equatable, Sendable {
    /// Parameters and buffers under torchvision's names, in canonical order.
    package var tensors: [NamedTensor]
    /// What the optimizer remembers, under names that begin with `optimizer.`: `optimizer.momentum.fc.weight`.
    package var optimizer: [NamedTensor]
    /// Texts; `About` reads and writes those that every checkpoint has.
    package var metadata: [String: String]

    /// - Precondition: names of `optimizer`, and only those, begin with `optimizer.`.
    package init(tensors: [NamedTensor], optimizer: [NamedTensor], metadata: [String: String]) {
        precondition(
            optimizer.allSatisfy { $0.name.hasPrefix(Self.optimizerPrefix) }
                && !tensors.contains { $0.name.hasPrefix(Self.optimizerPrefix) },
            "names of optimizer state, and only those, begin with \(Self.optimizerPrefix)")
        self.tensors = tensors
        self.optimizer = optimizer
        self.metadata = metadata
    }

    static let optimizerPrefix = "optimizer."

    /// What the momentum of the parameter `name` is called.
    package static func momentumName(of name: String) -> String { optimizerPrefix + "momentum." + name }
}

// MARK: - Writing

extension Checkpoint {
    /// Writes the checkpoint to `path`, whole or not at all.
    ///
    /// - Parameter level: zstd's, 1 (fast) to 19 (small).
    package func write(to path: String, level: Int32 = 3) throws(CheckpointError) {
        _ = try write(to: path, level: level, fault: { _ in nil })
    }

    /// Writes as above and returns the SHA-256 of the bytes before compression.
    func write(to path: String, level: Int32, fault: @escaping AtomicFile.Fault) throws(CheckpointError) -> String {
        var file = try AtomicFile(path: path, fault: fault)
        let digest = try encode(level: level) { (bytes) throws(CheckpointError) in try file.write(bytes) }
        try file.commit()
        return digest
    }

    /// Writes parameters and buffers alone to `path`, not compressed, as `safetensors.torch.save_file` writes a
    /// state_dict: what other programs load. Whole or not at all.
    package func exportWeights(to path: String) throws(CheckpointError) {
        var file = try AtomicFile(path: path)
        let contents = Safetensors.Contents(tensors: tensors, metadata: ["format": "pt"])
        try Safetensors.encode(contents) { (bytes) throws(CheckpointError) in try file.write(bytes) }
        try file.commit()
    }

    /// Hands the bytes of a file to `write`, and returns the SHA-256 of what they decompress to.
    func encode(level: Int32, to write: ByteSink) throws(CheckpointError) -> String {
        let contents = Safetensors.Contents(tensors: tensors + optimizer, metadata: metadata)
        var frame = ZstdCompressor(size: Safetensors.layout(of: contents).total, level: level)
        var digest = SHA256()
        try Safetensors.encode(contents) { (bytes) throws(CheckpointError) in
            digest.update(bytes)
            try frame.compress(bytes, to: write)
        }
        try frame.finish(to: write)
        return digest.finished()
    }

    /// The SHA-256 of what the file at `path` decompresses to; every checksum in it is checked on the way.
    static func digestOfContents(at path: String) throws(CheckpointError) -> String {
        let file = try InputFile(path: path)
        var frame = ZstdDecompressor(path: path)
        var digest = SHA256()
        while true {
            let bytes = try frame.read(1 << 20) { (count) throws(CheckpointError) in try file.read(count) }
            if bytes.isEmpty { return digest.finished() }
            digest.update(bytes)
        }
    }
}

// MARK: - Reading

extension Checkpoint {
    /// Reads a `.safetensors.zst` file, or a plain `.safetensors` one, whatever it is called.
    ///
    /// - Throws: when there is no such file, it is something else, it is damaged, or it breaks a rule of its format.
    package init(contentsOf path: String) throws(CheckpointError) {
        let file = try InputFile(path: path)
        try self.init(path: path) { (count) throws(CheckpointError) in try file.read(count) }
    }

    init(path: String, from read: ByteSource) throws(CheckpointError) {
        var head: [UInt8] = []
        while head.count < 9 {
            let more = try read(9 - head.count)
            if more.isEmpty { break }
            head += more
        }
        let kind = try FileKind(head: head, path: path)
        // What was looked at comes first once more.
        var pushedBack = head[...]
        func next(_ count: Int) throws(CheckpointError) -> [UInt8] {
            guard pushedBack.isEmpty else {
                defer { pushedBack = pushedBack.dropFirst(count) }
                return Array(pushedBack.prefix(count))
            }
            return try read(count)
        }
        let contents: Safetensors.Contents
        switch kind {
        case .plain:
            contents = try Safetensors.decode(path: path, from: next)
        case .zstd:
            var frame = ZstdDecompressor(path: path)
            contents = try Safetensors.decode(path: path) { (count) throws(CheckpointError) in
                try frame.read(count, from: next)
            }
        }
        self.init(
            tensors: contents.tensors.filter { !$0.name.hasPrefix(Self.optimizerPrefix) },
            optimizer: contents.tensors.filter { $0.name.hasPrefix(Self.optimizerPrefix) }, metadata: contents.metadata)
    }
}

/// What a file is, by how it begins.
private enum FileKind {
    case zstd, plain

    init(head: [UInt8], path: String) throws(CheckpointError) {
        let name = PartialFile.split(path).name
        let ending = [".pth", ".pt", ".bin"].first { name.hasSuffix($0) }
        // A text that Python reads as the path, whatever is in it.
        let source = HeaderJSON.quoted(path)
        let target = HeaderJSON.quoted(path.dropLast(ending?.count ?? 0) + ".safetensors")
        let convert = """
            convert the state_dict in it with two lines of Python:
            import torch, safetensors.torch
            safetensors.torch.save_file(torch.load(\(source), map_location="cpu", weights_only=True), \(target))
            """
        if head.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
            self = .zstd
        } else if head.count == 9 && head[8] == UInt8(ascii: "{") {
            self = .plain
        } else if head.isEmpty {
            throw .damaged(path: path, reason: "it is empty")
        } else if head.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
            throw .notACheckpoint(path: path, found: "a zip archive, probably a .pth of PyTorch", remedy: convert)
        } else if head.starts(with: [0x80]) && head.count > 1 && head[1] <= 5 {
            throw .notACheckpoint(path: path, found: "a Python pickle, probably an old .pth", remedy: convert)
        } else if head.starts(with: [0x1F, 0x8B]) {
            throw .notACheckpoint(path: path, found: "a gzip file", remedy: "unpack it first")
        } else if let ending {
            throw .notACheckpoint(path: path, found: "a \(ending) file, probably of PyTorch", remedy: convert)
        } else {
            throw .notACheckpoint(
                path: path, found: "neither a zstd frame nor a safetensors file",
                remedy: "give a file of OUTPUT/checkpoints, or a .safetensors file")
        }
    }
}
