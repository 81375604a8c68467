import Files

extension CheckpointDirectory {
    /// A checkpoint and where it was found.
    package struct Found: Sendable {
        package let entry: Entry
        package let checkpoint: Checkpoint
        package let about: Checkpoint.About
        /// The reasons why newer ones were passed over, the newest first, to be reported to the user. They are left in
        /// place.
        package let passedOver: [CheckpointError]
    }

    /// The newest checkpoint that holds all its digests.
    ///
    /// - Throws: `noDirectory`, `noneFound`, or `noneReadable` with the reason for each.
    package func newest() throws(CheckpointError) -> Found {
        let entries = try entries()
        guard !entries.isEmpty else { throw .noneFound(directory: path) }
        var passedOver: [CheckpointError] = []
        for entry in entries {
            do throws(CheckpointError) {
                let found = try Self.load(file: entry.path, in: files)
                guard found.entry.step == entry.step else {
                    throw .misnamed(path: entry.path, step: found.entry.step, promised: entry.step)
                }
                return Found(
                    entry: entry, checkpoint: found.checkpoint, about: found.about, passedOver: passedOver)
            } catch {
                passedOver.append(error)
            }
        }
        throw .noneReadable(directory: path, reasons: passedOver.map(\.description))
    }

    /// Loads the checkpoint that `path` stands for. It is a checkpoint's file, a folder of checkpoints, or a run's
    /// OUTPUT with such a folder in it; from a folder, the newest checkpoint that holds its digests is taken.
    ///
    /// - Throws: for a file whatever is wrong with it, for a folder the errors of `newest`, `noFile` where there is
    ///   neither.
    package static func load(
        _ path: String, in files: any FileSystem = SystemFiles()
    ) throws(CheckpointError) -> Found {
        let type = (try? files.status(of: path).type) ?? .regular
        guard type == .folder else {
            // Whoever goes on from a checkpoint comes back to it.
            guard type == .regular else {
                throw .otherKind(path: path, found: type.words, expected: "a checkpoint's file, or a folder with some")
            }
            return try load(file: path, in: files)
        }
        let directory = CheckpointDirectory(path: path, files: files)
        let inner = CheckpointDirectory(path: path + "/checkpoints", files: files)
        if try directory.entries().isEmpty && isFolder(inner.path, in: files) { return try inner.newest() }
        return try directory.newest()
    }

    private static func load(file path: String, in files: any FileSystem) throws(CheckpointError) -> Found {
        let checkpoint = try Checkpoint(contentsOf: path, in: files)
        let about = try checkpoint.about(path: path)
        return Found(
            entry: Entry(path: path, step: about.progress.globalStep), checkpoint: checkpoint, about: about,
            passedOver: [])
    }

    static func isFolder(_ path: String, in files: any FileSystem) -> Bool {
        (try? files.status(of: path).isFolder) ?? false
    }
}
