extension Checkpoint {
    /// Reads a `.safetensors.zst` file, a plain `.safetensors` one, or a `.pth` of PyTorch, whatever its name, and
    /// checks all its digests. Numbers of other types become float32 or int64.
    ///
    /// - Parameter choose: returns the indices of the tensors to read of another program's file; nil for all. The
    ///   others are only listed. Of our files, all are read.
    /// - Throws: when there is no such file, it is of another kind or damaged, or it breaks a rule of its format.
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
    ///   - path: the file's name in messages.
    ///   - fileBytes: the number of bytes that `read` will give.
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

    /// Reads only the metadata, which is fast for a file of any size. Checks only the rules of the header.
    static func metadata(of path: String, in files: any FileSystem) throws(CheckpointError) -> [String: String] {
        let file = try InputFile(path: path, in: files)
        let read: ByteSource = { (count) throws(CheckpointError) in try file.read(count) }
        var content = try ContentReader(path: path, fileBytes: file.size, from: read)
        return try Safetensors.decodeHeader(path: path, within: content.limits) { (count) throws(CheckpointError) in
            try content.read(count, from: read)
        }.metadata
    }
}
