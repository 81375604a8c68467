import Files

extension CheckpointDirectory {
    /// A checkpoint that has been committed.
    package struct Commit: Equatable, Sendable {
        package let path: String
        /// Bytes of the file.
        package let bytes: Int
        /// Errors met while clearing away older files. The checkpoint is safe all the same.
        package let warnings: [CheckpointError]
    }

    /// Writes a checkpoint and reads it back. Only when both agree, removes older ones that `retention` does not keep.
    ///
    /// A checkpoint of the same step is replaced. One of a later step, which remains when a run goes back to an older
    /// checkpoint, is not touched: the run will reach that step again.
    /// - Throws: for any reason why the checkpoint is not committed; no older one has been removed then. The call may
    ///   be repeated.
    @discardableResult
    package func commit(_ draft: CheckpointDraft) throws(CheckpointError) -> Commit {
        let step = try draft.about(path: path).progress.globalStep
        try makeFolder(path)
        try anchor()
        var warnings = removeAbandoned()
        let file = path + "/" + Self.name(ofStep: step)
        let written = try draft.write(to: file, compression: compression, in: files)
        do throws(CheckpointError) {
            try written.verify(file, in: files)
        } catch {
            // Loading would skip the broken file, but report it each time.
            try? files.remove(file)
            throw error
        }
        prune(after: step, &warnings)
        return Commit(path: file, bytes: written.bytes, warnings: warnings)
    }

    /// Commits a checkpoint as a draft of it.
    @discardableResult
    package func commit(_ checkpoint: Checkpoint) throws(CheckpointError) -> Commit { try commit(checkpoint.draft) }

    /// Makes a folder and its missing parents.
    private func makeFolder(_ path: String) throws(CheckpointError) {
        if Self.isFolder(path, in: files) { return }
        let parent = splitPath(path).folder
        // `/` and `.` exist.
        if parent != path { try makeFolder(parent) }
        do throws(CheckpointError) {
            try calling("making the folder", path) { () throws(SystemError) in try files.makeFolder(path) }
        } catch .system(_, _, SystemError.fileExists.code) where Self.isFolder(path, in: files) {
            // Another process has made it in the meantime.
        }
    }

    /// Makes the folder itself survive a loss of power before the first checkpoint, and its parents OUTPUT and that of
    /// OUTPUT, which may be new too.
    private func anchor() throws(CheckpointError) {
        guard try entries().isEmpty else { return }
        var folder = path
        for _ in 0..<3 {
            let parent = splitPath(folder).folder
            if parent == folder { return }
            do throws(CheckpointError) {
                try files.synchronizeFolder(parent)
            } catch .system(_, _, SystemError.forbidden.code) {
                // A folder that must not be listed has existed for long.
            }
            folder = parent
        }
    }

    /// Removes partial files of writers that have died.
    ///
    /// - Returns: the errors of removing.
    private func removeAbandoned() -> [CheckpointError] {
        var warnings: [CheckpointError] = []
        do throws(CheckpointError) {
            for name in try names() where PartialFile.isAbandoned(name, in: path, of: files) {
                remove(path + "/" + name, &warnings)
            }
        } catch {
            warnings.append(error)
        }
        return warnings
    }

    /// Removes checkpoints older than `step` that `retention` does not keep. Those whose header cannot be read are not
    /// counted, and stay.
    ///
    /// - Returns: the paths of the removed ones.
    private func prune(after step: Int, _ warnings: inout [CheckpointError]) {
        var candidates: [(path: String, candidate: Retention.Candidate)] = []
        do throws(CheckpointError) {
            for entry in try entries() where entry.step <= step {
                guard let metadata = try? Checkpoint.metadata(of: entry.path, in: files),
                    let about = try? Checkpoint.About(metadata: metadata, path: entry.path)
                else { continue }
                candidates.append(
                    (
                        entry.path,
                        Retention.Candidate(step: entry.step, epoch: about.progress.epoch, metrics: about.metrics)
                    ))
            }
        } catch {
            return warnings.append(error)
        }
        let kept = retention.kept(candidates.map(\.candidate))
        for old in candidates.reversed() where old.candidate.step < step && !kept.contains(old.candidate.step) {
            remove(old.path, &warnings)
        }
    }

    private func remove(_ path: String, _ warnings: inout [CheckpointError]) {
        do throws(CheckpointError) {
            try calling("removing", path) { () throws(SystemError) in try files.remove(path) }
        } catch {
            warnings.append(error)
        }
    }
}
