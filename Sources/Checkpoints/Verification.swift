import Files

/// The result of checking a file: its kind, and what is wrong with it.
package struct Verification: Equatable, Sendable {
    /// The kind of a checked file.
    package enum Kind: String, Sendable {
        /// A state of ours: all rules of the format hold, and all digests match.
        case checkpoint
        /// Tensors of another program, or exported ones: all rules of the format hold; there are no digests.
        case weights
        /// A file that a writer has left when it died, or is still writing.
        case unfinished
        case broken
    }

    package let path: String
    package let kind: Kind
    /// The error in a broken file; nil for other kinds.
    package let problem: CheckpointError?
    /// The bytes of the file; 0 where it cannot be opened.
    package let bytes: Int
    /// The description in a checkpoint; nil for other kinds.
    package let about: Checkpoint.About?
    /// The number of tensors that match their digests or, in a file without digests, have valid places.
    package let tensors: Int
    /// The number of elements that are infinite or NaN.
    package let notFinite: Int

    /// Whether the file can be relied on.
    package var holds: Bool { kind == .checkpoint || kind == .weights }

    /// Reads all of a file and checks it.
    package init(of path: String, in files: any FileSystem = SystemFiles()) {
        guard !PartialFile.isPartial(splitPath(path).name) else {
            self.init(path: path, kind: .unfinished)
            return
        }
        var bytes = 0
        do throws(CheckpointError) {
            let file = try InputFile(path: path, in: files)
            bytes = file.size
            let checkpoint = try Checkpoint(path: path, fileBytes: bytes) { (count) throws(CheckpointError) in
                try file.read(count)
            }
            let isOurs = checkpoint.metadata[Safetensors.versionKey] != nil
            let about = isOurs ? try checkpoint.about(path: path) : nil
            if let about, let promised = CheckpointDirectory.step(ofName: splitPath(path).name),
                about.progress.globalStep != promised
            {
                throw .misnamed(path: path, step: about.progress.globalStep, promised: promised)
            }
            let all = checkpoint.allTensors
            self.init(
                path: path, kind: isOurs ? .checkpoint : .weights, bytes: bytes, about: about,
                tensors: all.count + checkpoint.unread.count,
                notFinite: all.reduce(0) { $0 + ($1.floats ?? []).count { !$0.isFinite } })
        } catch {
            self.init(path: path, kind: .broken, problem: error, bytes: bytes)
        }
    }

    private init(
        path: String, kind: Kind, problem: CheckpointError? = nil, bytes: Int = 0, about: Checkpoint.About? = nil,
        tensors: Int = 0, notFinite: Int = 0
    ) {
        self.path = path
        self.kind = kind
        self.problem = problem
        self.bytes = bytes
        self.about = about
        self.tensors = tensors
        self.notFinite = notFinite
    }

    /// Returns the files in a folder and its subfolders that are or may become checkpoints, in the order of their
    /// names.
    ///
    /// - Throws: where a folder cannot be listed.
    package static func files(
        in folder: String, of files: any FileSystem = SystemFiles()
    ) throws(CheckpointError) -> [String] {
        let names = try calling("reading the folder", folder) { () throws(SystemError) in
            try files.names(in: folder)
        }
        var found: [String] = []
        for name in names.sorted() {
            let path = folder + "/" + name
            if CheckpointDirectory.isFolder(path, in: files) {
                // Links are skipped, as one may lead back to its own folder, for ever.
                let isLink = (try? files.target(of: path)) != path
                if isLink { continue }
                found += try Self.files(in: path, of: files)
            } else if name.hasSuffix(".safetensors.zst") || name.hasSuffix(".safetensors")
                || PartialFile.isPartial(name)
            {
                found.append(path)
            }
        }
        return found
    }

    /// Whether the path is that of a folder.
    package static func isFolder(_ path: String) -> Bool { CheckpointDirectory.isFolder(path, in: SystemFiles()) }
}
