extension Checkpoint {
    /// Reads a `.safetensors.zst` file, a plain `.safetensors` one, or a `.pth` of PyTorch, whatever it is called, and
    /// checks all digests in it. Numbers of other types become float32 or int64.
    ///
    /// - Parameter choose: which of a list of tensors are wanted, by their places, of another program's file; nil for
    ///   all. The others are only listed. Of ours all are read.
    /// - Throws: when there is no such file, it is something else, it is damaged, or it breaks a rule of its format.
    package init(
        contentsOf path: String, choosing choose: (([ListedTensor]) -> Set<Int>)? = nil
    ) throws(CheckpointError) {
        if let contents = try TorchFile.contents(of: path, choosing: choose) {
            self.init(contents)
        } else {
            try self.init(contentsOf: path, choosing: choose, in: SystemFiles())
        }
    }

    init(
        contentsOf path: String, choosing choose: Safetensors.Choice? = nil, in files: any FileSystem
    ) throws(CheckpointError) {
        let file = try InputFile(path: path, in: files)
        try self.init(path: path, fileBytes: file.size, choosing: choose) { (count) throws(CheckpointError) in
            try file.read(count)
        }
    }

    /// - Parameters:
    ///   - path: What messages call the file.
    ///   - fileBytes: How many bytes `read` will give.
    init(
        path: String, fileBytes: Int, choosing choose: Safetensors.Choice? = nil, from read: ByteSource
    ) throws(CheckpointError) {
        var content = try ContentReader(path: path, fileBytes: fileBytes, from: read)
        let contents = try Safetensors.decode(path: path, within: content.limits, choosing: choose) {
            (count) throws(CheckpointError) in try content.read(count, from: read)
        }
        try self.init(contents.unsealed(path: path))
    }

    private init(_ contents: Safetensors.Contents) {
        func all(_ prefix: String) -> [NamedTensor] { contents.tensors.filter { $0.name.hasPrefix(prefix) } }
        self.init(
            tensors: contents.tensors.filter { !Self.isOwn($0.name) }, optimizer: all(Self.optimizerPrefix),
            averaged: all(Self.averagedPrefix), metadata: contents.metadata)
        converted = contents.converted
        unread = contents.unread
    }

    /// Reads the metadata alone, which costs little however large the file is. Nothing is verified but the header's own
    /// rules.
    static func metadata(of path: String, in files: any FileSystem) throws(CheckpointError) -> [String: String] {
        let file = try InputFile(path: path, in: files)
        let read: ByteSource = { (count) throws(CheckpointError) in try file.read(count) }
        var content = try ContentReader(path: path, fileBytes: file.size, from: read)
        return try Safetensors.decodeHeader(path: path, within: content.limits) { (count) throws(CheckpointError) in
            try content.read(count, from: read)
        }.metadata
    }
}
