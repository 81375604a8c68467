import Files

extension CheckpointDirectory {
    /// A checkpoint, and its place in the folder.
    package struct Found: Sendable {
        package let entry: Entry
        package let checkpoint: Checkpoint
        package let about: Checkpoint.About
        /// The reasons why newer checkpoints were skipped, the newest first, for a report to the user. Their files stay
        /// in place.
        package let passedOver: [CheckpointError]
    }

    /// Loads the newest checkpoint whose digests all match.
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

    /// Loads the checkpoint at `path`: a checkpoint's file, a folder of checkpoints, or a run's OUTPUT with such a
    /// folder in it. From a folder, the newest checkpoint whose digests match is loaded.
    ///
    /// - Throws: for a file, the reason why it cannot be read; for a folder, the errors of `newest`; `noFile` where
    ///   there is neither.
    package static func load(
        _ path: String, in files: any FileSystem = SystemFiles()
    ) throws(CheckpointError) -> Found {
        let type = (try? files.status(of: path).type) ?? .regular
        guard type == .folder else {
            // A run that resumes from a checkpoint may read it again, which a pipe does not allow.
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
