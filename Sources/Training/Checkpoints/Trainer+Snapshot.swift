import Checkpoints
import Collectives
import Engine
import Files
import Foundation
import Recipes
import Runs
import Terminal

// Each rank has the whole state. So the first rank of each host keeps that of the last steps in memory that outlives
// the rank. The death of one or all ranks then costs no step: docs/reliability.md.

extension Trainer {
    /// The folder in which this rank keeps snapshots; nil where it is not the first of its host.
    private var snapshotFolder: SnapshotFolder? { hooks.snapshotFolder(world.rank, world.localRank) }

    // MARK: At the end of each step

    /// Keeps the state after the step in each host's memory, where that is due. It comes before the step's report, so
    /// that a run that resumes from it knows what is to be reported. Collective where ranks have running statistics of
    /// their own.
    func keepSnapshot() throws {
        guard areSnapshotsKept, step % recipe.snapshotEvery == 0 else { return }
        try enter("snapshot", .checkpoints, fault: .snapshot)
        try shareRunningStatistics()
        snapshots?.keep(engine, snapshotState)
        spend(on: .other)
        try hooks.snapshotKept(world.rank, step)
    }

    private var snapshotState: SnapshotState {
        var state = SnapshotState()
        state.step = step
        state.samples = sizes.samples(after: step)
        state.batchesTracked = engine.batchesTracked
        state.windowLossSum = window.tally.lossSum
        state.windowCorrect = window.tally.correct
        state.windowSamples = window.tally.samples
        state.lastLoss = lastLoss
        state.reportedStep = reportedStep
        state.updates = engine.updates
        return state
    }

    /// Removes this host's snapshot, as the run has ended or saved its state.
    func removeSnapshots() {
        snapshots = nil
        areSnapshotsKept = false
        if !runIdentity.isEmpty { snapshotFolder?.remove(run: runIdentity) }
    }

    // MARK: At the beginning

    /// Begins to keep snapshots, where the recipe asks for them, and removes those of runs that are gone. A host with
    /// too little memory keeps none. Collective.
    func beginSnapshots() throws {
        runIdentity = try world.broadcast(coordinator?.identity.text ?? "")
        let path = try world.broadcast(coordinator.map { resolvedPath($0.folder.path) ?? $0.folder.path } ?? "")
        let folder = snapshotFolder
        folder?.removeStale(except: runIdentity) { head in
            // Of a folder that this host cannot see, nothing is known.
            head.folder == path || head.seesFolder && RunIdentity(of: RunFolder(path: head.folder))?.text != head.run
        }
        guard recipe.snapshotEvery > 0 else { return }
        var complaint = ""
        if let folder {
            do {
                let own = try StepSnapshots(folder.openToWrite(snapshotHead(folder: path)), of: engine)
                // After the next fault, any remaining rank must have the newest state.
                if step > 0, own.newestStep != step { own.keep(engine, snapshotState) }
                snapshots = own
            } catch {
                complaint = "\(ProcessInfo.processInfo.hostName): \(error.words)"
            }
        }
        areSnapshotsKept = try world.sum([snapshots == nil ? 0 : 1])[0] > 0
        let complaints = try world.gather(Array(complaint.utf8), to: 0).filter { !$0.isEmpty }
        guard let first = complaints.first else { return }
        let others = complaints.count > 1 ? " (and so on \(Wording.count(complaints.count - 1, "more host")))" : ""
        log.warning(
            "no snapshots are kept in the memory of \(String(decoding: first, as: UTF8.self))\(others); training goes "
                + "on, and \(areSnapshotsKept ? "other hosts have some" : "checkpoints alone keep its state")")
    }

    private func snapshotHead(folder: String) throws -> SnapshotHead {
        SnapshotHead(
            run: runIdentity, layout: engine.arenaFingerprint, sizes: SnapshotHead.Sizes(engine.stateExtents),
            folder: folder, seesFolder: RunIdentity(of: RunFolder(path: folder))?.text == runIdentity,
            about: aboutRun(try recipe.ofWholeRun))
    }

    // MARK: Going on

    /// Finds the newest state of the run to resume that any host has in memory. Collective.
    ///
    /// - Returns: the report to rank 0, and the state on the rank that has it; nil where there is none.
    func findSnapshot() throws -> (told: ReportedSnapshot?, own: OwnSnapshot?)? {
        guard recipe.resume == .auto else { return nil }
        let folder = RunFolder.existing(asked: recipe.output, model: recipe.model, data: recipe.data)
        let run = try world.broadcast(world.rank == 0 ? RunIdentity(of: folder)?.text ?? "" : "")
        guard !run.isEmpty else { return nil }
        let own = Result { try snapshot(ofRun: run) }
        let host = ProcessInfo.processInfo.hostName
        let line: String
        switch own {
        case .success(let found?): line = "\(found.state.step) \(found.state.reportedStep) \(host)"
        case .success(nil): line = ""
        case .failure(let error): line = "- - the memory of host \(host) is not taken: \(error.words)"
        }
        let lines = try world.gather(Array(line.utf8), to: 0).map { bytes in
            String(decoding: bytes, as: UTF8.self).split(separator: " ", maxSplits: 2)
        }
        let refusals = lines.filter { $0.first == "-" }.map { String($0[2]) }
        let candidates = lines.enumerated().compactMap { rank, words in
            words.first.flatMap { Int($0) }.map { (rank: rank, step: $0) }
        }
        // Of equally new ones, the lowest rank's.
        let best = candidates.max { ($0.step, -$0.rank) < ($1.step, -$1.rank) }
        let holder = try world.broadcast(best?.rank ?? -1)
        guard holder >= 0 else {
            let told = ReportedSnapshot(rank: 0, host: "", step: -1, reportedStep: 0, about: nil, refusals: refusals)
            return (world.rank == 0 ? told : nil, nil)
        }
        let mine = world.rank == holder ? try own.get() : nil
        let text = try world.broadcast(mine.map { about($0).json } ?? "", from: holder)
        guard world.rank == 0, let best else { return (nil, mine) }
        let words = lines[best.rank]
        let told = ReportedSnapshot(
            rank: best.rank, host: String(words[2]), step: best.step, reportedStep: Int(words[1]) ?? 0,
            about: try Checkpoint.About(json: Array(text.utf8), path: "a snapshot"), refusals: refusals)
        return (told, mine)
    }

    /// Returns the state of a run that this rank's host has in memory; nil where it has none.
    ///
    /// - Throws: the reason why a state cannot be used.
    private func snapshot(ofRun run: String) throws -> OwnSnapshot? {
        guard let file = try snapshotFolder?.open(run: run), let newest = file.newest() else { return nil }
        guard file.head.layout == engine.arenaFingerprint,
            file.head.sizes == SnapshotHead.Sizes(engine.stateExtents)
        else {
            throw CheckpointError.notASnapshot(
                path: file.path,
                reason: "it is one of another network, or of one with another optimizer or other averages")
        }
        return OwnSnapshot(file: file, slot: newest.slot, state: newest.state, checksum: newest.checksum)
    }

    /// Returns the metadata that a checkpoint of a state in memory would have.
    private func about(_ own: OwnSnapshot) -> Checkpoint.About {
        var about = own.file.head.about
        about.progress = progress(after: own.state.step, samples: own.state.samples, updates: own.state.updates)
        about.metrics = ReportWindow(own.state).numbers
        about.metrics["train_loss"] = own.state.lastLoss
        return about
    }

    /// Restores a state of this rank's host.
    ///
    /// - Throws: `CheckpointError.notASnapshot` where the state has changed in the meantime.
    func restore(_ own: OwnSnapshot) throws {
        let checksum = engine.restore(try engine.snapshotMemory(in: own.file.content(of: own.slot)))
        guard checksum == own.checksum else {
            throw CheckpointError.notASnapshot(path: own.file.path, reason: "another process has changed it")
        }
        engine.batchesTracked = own.state.batchesTracked
        engine.updates = own.state.updates
    }

    /// Finishes the step of a restored state, which was kept before the step was reported. Collective.
    ///
    /// - Parameter isEvaluated: whether an evaluation follows, which checkpoints then wait for.
    func finishStep(isEvaluated: Bool) throws {
        guard step > 0 else { return }
        if isReported(step, end: isEpochEnd ? step : -1) {
            if reportedStep == step {
                lastLoss = window.meanLoss ?? lastLoss
                window = ReportWindow()
            } else {
                pace.begin(world.recorder)
                window.startClock()
                try report(learningRate: schedule.learningRate(step: step - 1))
            }
        }
        if !isEvaluated && checkpointSchedule.isDue(after: step) { try saveCheckpoint() }
    }
}

extension ReportWindow {
    init(_ state: SnapshotState) {
        self.init(numbers: [
            "window_loss_sum": state.windowLossSum, "window_correct": Double(state.windowCorrect),
            "window_samples": Double(state.windowSamples),
        ])
    }
}
