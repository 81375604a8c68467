import FoundationEssentials

/// The folder `OUTPUT/checkpoints` of a run: one file a checkpoint, `epoch-0003-step-000000704.safetensors.zst`.
///
/// One process writes into it at a time.
package struct CheckpointDirectory: Sendable {
    package let path: String
    /// Checkpoints that stay when a new one is in place, that one included.
    package let keep: Int

    /// A checkpoint in the folder, as its name says.
    package struct Entry: Equatable, Sendable {
        package let path: String
        package let epoch: Int
        package let step: Int
    }

    /// - Parameters:
    ///   - path: The folder; the first commit makes it.
    ///   - keep: How many checkpoints stay, at least 1.
    package init(path: String, keep: Int = 3) {
        precondition(keep >= 1, "keeping \(keep) checkpoints keeps no state")
        self.path = path
        self.keep = keep
    }

    /// What a checkpoint of this progress is called.
    package static func name(of progress: Checkpoint.Progress) -> String {
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "epoch-\(padded(progress.epoch, 4))-step-\(padded(progress.globalStep, 9))\(suffix)"
    }

    private static let suffix = ".safetensors.zst"

    /// All checkpoints, the newest first; files of other names are not looked at.
    ///
    /// - Throws: when there is no such folder or it cannot be listed.
    package func entries() throws(CheckpointError) -> [Entry] {
        try names().compactMap(entry).sorted { ($0.step, $0.epoch) > ($1.step, $1.epoch) }
    }

    private func names() throws(CheckpointError) -> [String] {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder else {
            throw .noDirectory(path: path)
        }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw .system(call: "reading the folder", path: path, reason: "\(error)")
        }
    }

    private func entry(_ name: String) -> Entry? {
        guard name.hasSuffix(Self.suffix) else { return nil }
        let parts = name.dropLast(Self.suffix.count).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "epoch", parts[2] == "step", let epoch = UInt32(parts[1]),
            let step = Int(parts[3]), step >= 0
        else { return nil }
        return Entry(path: path + "/" + name, epoch: Int(epoch), step: step)
    }
}

// MARK: - Reading

extension CheckpointDirectory {
    /// A checkpoint and where it was found.
    package struct Found: Sendable {
        package let entry: Entry
        package let checkpoint: Checkpoint
        package let about: Checkpoint.About
        /// Why newer ones were passed over, the newest first; to be told to the user.
        package let passedOver: [CheckpointError]
    }

    /// The newest checkpoint that can be read.
    ///
    /// - Throws: `noDirectory`, `noneFound`, or `noneReadable` with the reason for each.
    package func newest() throws(CheckpointError) -> Found {
        let entries = try entries()
        guard !entries.isEmpty else { throw .noneFound(directory: path) }
        var passedOver: [CheckpointError] = []
        for entry in entries {
            do throws(CheckpointError) {
                let checkpoint = try Checkpoint(contentsOf: entry.path)
                let about = try checkpoint.about(path: entry.path)
                return Found(entry: entry, checkpoint: checkpoint, about: about, passedOver: passedOver)
            } catch {
                passedOver.append(error)
            }
        }
        throw .noneReadable(directory: path, reasons: passedOver.map(\.description))
    }
}

// MARK: - Writing

extension CheckpointDirectory {
    /// Writes a checkpoint, reads it back, and only when that is the same removes older ones beyond `keep`.
    ///
    /// One of the same progress is replaced. One of later progress, which a run that went back to an older checkpoint
    /// leaves behind, is not touched: the run will come to it again.
    /// - Returns: The new checkpoint's path.
    @discardableResult
    package func commit(_ checkpoint: Checkpoint) throws(CheckpointError) -> String {
        try commit(checkpoint, fault: { _ in nil })
    }

    func commit(
        _ checkpoint: Checkpoint, fault: @escaping AtomicFile.Fault
    ) throws(CheckpointError) -> String {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .system(call: "making the folder", path: path, reason: "\(error)")
        }
        try removeAbandoned()
        let progress = try checkpoint.about(path: path).progress
        let file = path + "/" + Self.name(of: progress)
        let written = try checkpoint.write(to: file, level: ZstdCompressor.defaultLevel, fault: fault)
        guard try Checkpoint.digestOfContents(at: file) == written else { throw .verificationFailed(path: file) }
        try prune(after: progress.globalStep)
        return file
    }

    /// Removes what writers that died have left beside its place.
    private func removeAbandoned() throws(CheckpointError) {
        for name in try names() where PartialFile.isAbandoned(name, in: path) { try remove(path + "/" + name) }
    }

    /// Removes checkpoints older than `step` beyond the `keep - 1` newest of them.
    private func prune(after step: Int) throws(CheckpointError) {
        let older = try entries().filter { $0.step < step }
        for entry in older.dropFirst(keep - 1) { try remove(entry.path) }
    }

    private func remove(_ path: String) throws(CheckpointError) {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw .system(call: "removing", path: path, reason: "\(error)")
        }
    }
}
