import Checkpoints
import Collectives
import Datasets
import Engine
import Graphs
import Networks
import Recipes
import Runs
import Tensors
import Terminal

extension Trainer {
    /// Gives every rank the same state, that of a new run or of a saved one, and opens the run's folder. Collective.
    ///
    /// - Returns: whether the last complete epoch has yet to be evaluated.
    /// - Throws: `SharedFailure` where rank 0 cannot read or write a file.
    func begin() throws -> Bool {
        let found = try findSnapshot()
        let start = try together(world) { world.rank == 0 ? try prepareStart(found?.told) : nil }
        coordinator = start?.coordinator
        step = try world.broadcast(start?.step ?? 0)
        try together(world) { try coordinator?.show(to: observers, observed(in:)) }
        try sharePresentation(start?.presentation)
        guarding.begin(after: step)
        world.recorder.folder = try world.broadcast(start?.coordinator.folder.path ?? "")
        let holder = try world.broadcast(start?.holder ?? -1)
        if holder == world.rank, let own = found?.own { try restore(own) }
        try broadcastState(from: max(holder, 0))
        window = ReportWindow(texts: try world.broadcast(window.texts))
        goOn(fittedTo: try world.broadcast(start?.fittedSteps ?? 0))
        let accuracies = start?.coordinator.history.evaluations.map(\.accuracy) ?? []
        if let history = start?.coordinator.history {
            timeAccount.add(earlier: history.timeSplit, seconds: history.seconds)
            best = history.evaluations.max { $0.accuracy < $1.accuracy }
        }
        for text in try world.broadcast(accuracies.map { "\($0)" }.joined(separator: " ")).split(separator: " ") {
            stopRule.add(Double(text) ?? 0)
        }
        let isEvaluated = start.map { $0.coordinator.history.lastEvaluatedStep == $0.step } ?? false
        let isMissing = try world.broadcast(isEvaluated ? 0 : 1) == 1
        reportedStep = try world.broadcast(start?.coordinator.history.lastReportedStep ?? 0)
        choices += try chooseLearningRate()
        if let start {
            badSamples.keep(at: start.coordinator.folder.badSamples)
            log.header(
                setup, recipe: recipe, ranks: world.size, sizes: sizes, folder: start.coordinator.folder,
                notes: start.notes + choices + trainingSizes.notes + frozenNote + accumulationNotes + fillingNote
                    + cacheNote)
            if let fewNormValues { log.warning(fewNormValues.warning(recipe, ranks: world.size)) }
        }
        try beginSnapshots()
        if holder >= 0 { try finishStep(isEvaluated: isEvaluationDue) }
        return isMissing && step > 0 && isEvaluationDue
    }

    /// Returns the facts of the run for its observers.
    private func observed(in folder: RunFolder) -> ObservedRun {
        ObservedRun(
            folder: folder, recipe: recipe, ranks: world.size, classes: setup.dataset.classNames,
            stepsPerEpoch: sizes.stepsPerEpoch, totalSteps: areStepsKnown ? sizes.totalSteps : nil, facts: facts,
            resumedStep: step, warn: { [log] in log.warning($0) })
    }

    /// Sets rank 0's presentation of images on every rank. Collective.
    private func sharePresentation(_ chosen: Presentation?) throws {
        let texts = try world.broadcast(chosen?.texts ?? [:])
        guard !texts.isEmpty else { return }
        let (imageSize, channels) = (setup.imageSize, setup.dataset.channels)
        use(try together(world) { try Presentation(texts: texts, imageSize: imageSize, channels: channels) })
    }

    /// Broadcasts the state of one rank's engine. Collective.
    private func broadcastState(from root: Int = 0) throws {
        unsharedSamples = 0
        engine.batchesTracked = try world.broadcast(engine.batchesTracked, from: root)
        engine.updates = try world.broadcast(engine.updates, from: root)
        // An optimizer has no state before the first step.
        for kind in engine.stateExtents.map(\.kind) where step > 0 || kind.hasBuffers {
            try engine.withState(kind) { numbers in try world.broadcast(&numbers, from: root) }
        }
    }

    /// Restores the state of the newest valid checkpoint, but not its step. Collective.
    ///
    /// - Returns: the step of that checkpoint; nil where there is none.
    func rewound() throws -> Int? {
        try enter("return to a checkpoint", mayTakeLong: true)
        let found = try together(world) { () -> Int in
            guard let coordinator else { return -1 }
            coordinator.waitForWriter()
            guard coordinator.folder.holdsCheckpoints else { return -1 }
            let point = try CheckpointDirectory.load(coordinator.folder.checkpoints)
            _ = try take(point)
            return point.about.progress.globalStep
        }
        let back = try world.broadcast(found)
        guard back >= 0 else { return nil }
        try broadcastState()
        return back
    }

    /// Loads a checkpoint into the engine.
    ///
    /// - Returns: notes for people on parts of the state that begin anew, one a line.
    private func take(_ point: CheckpointDirectory.Found) throws -> [String] {
        let path = point.entry.path
        try engine.load(point.checkpoint.tensors, from: path)
        let notes = try engine.loadOptimizer(
            point.checkpoint.optimizer, from: path, updates: point.about.progress.updates,
            beginsMissing: recipe.overriddenKeys.contains("optimizer"))
        if engine.keepsAverages { try engine.loadAverages(point.checkpoint.averaged, from: path) }
        return notes
    }

    private var fillingNote: [String] {
        guard recipe.globalBatchSize > sizes.trainingSamples else { return [] }
        return [
            "\(Wording.grouped(sizes.trainingSamples)) training samples do not fill a batch: "
                + "every step takes all of them"
        ]
    }

    private var cacheNote: [String] {
        guard let cache = (setup.dataset as? StoredDataset)?.cache else { return [] }
        return ["pictures stay in memory once they are decoded, up to \(Wording.bytes(cache.capacity)) on each rank"]
    }

    private var frozenNote: [String] {
        guard frozenParameters > 0 else { return [] }
        let all = Wording.grouped(setup.summary.parameters)
        return ["\(Wording.grouped(frozenParameters)) of \(all) parameters are frozen"]
    }

    /// The state that rank 0 has prepared before the first step.
    private struct Start {
        let coordinator: Coordinator
        /// The optimizer steps already taken.
        let step: Int
        /// The rank that has the state in its host's memory; nil where rank 0 has read or drawn it.
        var holder: Int?
        /// The presentation of images; nil where they are no pictures.
        let presentation: Presentation?
        /// The number of steps that an earlier part of the run found to fit into its time; 0 where there is none, or
        /// the time has changed.
        var fittedSteps = 0
        /// Notes for people on this state.
        var notes: [String] = []
    }

    private func prepareStart(_ snapshot: ReportedSnapshot?) throws -> Start {
        let (model, data) = (recipe.model, recipe.data)
        switch recipe.resume {
        case .none:
            return try inNewFolder(asked: recipe.output) { try beginAnew($0) }
        case .auto:
            return try goOn(in: RunFolder.existing(asked: recipe.output, model: model, data: data), snapshot)
        case .from(let path):
            let source = RunFolder.owning(path)
            return try inNewFolder(asked: recipe.output ?? source?.path) { try goOn(from: path, of: source, in: $0) }
        }
    }

    /// Continues from the newest state of a folder's run: in a host's memory, or a checkpoint.
    private func goOn(in folder: RunFolder, _ snapshot: ReportedSnapshot?) throws -> Start {
        var notes = snapshot?.refusals ?? []
        var point: CheckpointDirectory.Found?
        if let snapshot, let about = snapshot.about {
            let newest = (try? CheckpointDirectory(path: folder.checkpoints).entries().first?.step) ?? -1
            // A later checkpoint by its name may turn out to be invalid.
            if newest >= snapshot.step { point = try? CheckpointDirectory.load(folder.checkpoints) }
            if point.map({ $0.about.progress.globalStep < snapshot.step }) ?? true {
                switch Result(catching: { try checkSameRun(as: about) }) {
                case .success(let changes):
                    return try goOn(from: snapshot, about, in: folder, saved: newest, changes, notes: notes)
                case .failure(let error):
                    notes.append("the memory of host \(snapshot.host) is not taken: \(error)")
                }
            }
        }
        guard folder.holdsCheckpoints else {
            var start = try beginAnew(folder, takesOver: true)
            start.notes += notes + ["nothing is there to resume: a new run begins"]
            return start
        }
        var start = try goOn(from: folder.checkpoints, of: folder, in: folder, loaded: point)
        start.notes = notes + start.notes
        return start
    }

    /// Continues from the memory of a host.
    ///
    /// - Parameter saved: the step of the newest checkpoint; below 0 where there is none.
    private func goOn(
        from snapshot: ReportedSnapshot, _ about: Checkpoint.About, in folder: RunFolder, saved: Int,
        _ changes: RunChanges,
        notes: [String]
    ) throws -> Start {
        let opened = try OpenedFolder(folder)
        return try opened.orRelease {
            let coordinator = try Coordinator(
                opened, recipe: recipe,
                resumed: Coordinator.Resumption(
                    step: snapshot.step, metrics: folder.metrics, isSameFuture: changes.leaveFuture,
                    isEvaluatedAgain: true), memory: try engine.snapshotMemory(), log: log, hooks: hooks)
            if saved >= 0 { coordinator.resumed(from: saved) }
            window = ReportWindow(numbers: about.metrics)
            lastLoss = about.metrics["train_loss"]
            return Start(
                coordinator: coordinator, step: snapshot.step, holder: snapshot.rank,
                presentation: try presentation(since: about, path: "the memory of host \(snapshot.host)"),
                fittedSteps: changes.keepTime ? coordinator.history.fittedSteps ?? 0 : 0,
                notes: notes + changes.notes + snapshot.gaps(after: coordinator.history.lastReportedStep ?? 0) + [
                    "going on after step \(Wording.grouped(snapshot.step)), "
                        + "from the memory of host \(snapshot.host) (rank \(snapshot.rank))"
                ])
        }
    }

    /// Begins a run in the folder that the user names, or in a new one, which is removed again where the beginning
    /// fails.
    private func inNewFolder(asked: String?, _ begin: (RunFolder) throws -> Start) throws -> Start {
        let folder = try RunFolder.new(asked: asked, model: recipe.model, data: recipe.data)
        do {
            return try begin(folder)
        } catch {
            if asked == nil { folder.removeIfEmpty() }
            throw error
        }
    }

    /// Begins a new run.
    ///
    /// - Parameter takesOver: whether the folder may have files of a run that died before its first checkpoint.
    private func beginAnew(_ folder: RunFolder, takesOver: Bool = false) throws -> Start {
        let opened = try OpenedFolder(folder)
        return try opened.orRelease {
            guard takesOver || !folder.holdsRun else { throw TrainingError.outputTaken(path: folder.path) }
            engine.initialize(seed: recipe.seed)
            let weights = try initialWeights()
            let notes = try weights.map { try takeInitialWeights($0) } ?? []
            let moments = try MomentsChoice(beginning: setup, as: recipe.normalisation, with: weights)
            var presentation = setup.presentation
            if let moments { presentation?.normalisation = moments.normalisation }
            if weights == nil { try whiten(presentation) }
            if engine.keepsAverages { engine.beginAverages() }
            let coordinator = try Coordinator(
                opened, recipe: recipe, resumed: nil, memory: try engine.snapshotMemory(), log: log, hooks: hooks)
            return Start(
                coordinator: coordinator, step: 0, presentation: presentation,
                notes: notes + (moments?.note.map { [$0] } ?? []))
        }
    }

    /// Sets the weights of a whitening layer, where the network has one, from training images.
    ///
    /// - Parameter presentation: the presentation of images in the run.
    private func whiten(_ presentation: Presentation?) throws {
        guard let whitening = Whitening(of: setup.network),
            let index = engine.parameters.firstIndex(where: { $0.name == whitening.parameter })
        else { return }
        let shown = presentation.map { setup.dataset.normalised(by: $0.normalisation) } ?? setup.dataset
        let look = SampleLook(
            imageSize: setup.imageSize, shorterSide: presentation?.shorterSide, images: setup.images)
        let weight = try whitening.weight(
            from: shown, most: recipe.whiteningImages, as: look, threads: setup.threads.threads)
        if let weight { engine.setValues(of: ParameterID(index: index), to: weight) }
    }

    /// Continues from a checkpoint.
    ///
    /// - Parameters:
    ///   - path: a checkpoint's file, or a folder with checkpoints.
    ///   - source: the folder of the run that it belongs to.
    ///   - folder: the folder for results; another one than `source` for a run that branches off.
    ///   - loaded: the checkpoint, where it has been read already.
    private func goOn(
        from path: String, of source: RunFolder?, in folder: RunFolder, loaded: CheckpointDirectory.Found? = nil
    ) throws -> Start {
        let opened = try OpenedFolder(folder)
        return try opened.orRelease {
            let isSame = source.map { $0.isSame(as: folder) } ?? false
            guard isSame || !folder.holdsRun else { throw TrainingError.outputTaken(path: folder.path) }
            let point = try loaded ?? CheckpointDirectory.load(path)
            let step = point.about.progress.globalStep
            if isSame, path == point.entry.path { try checkIsNewest(point, in: folder) }
            let changes = try checkSameRun(as: point.about, path: point.entry.path)
            let optimizerNotes = try take(point)
            window = ReportWindow(numbers: point.about.metrics)
            lastLoss = point.about.metrics["train_loss"]
            let metrics = (isSame ? folder : source ?? folder).metrics
            let coordinator = try Coordinator(
                opened, recipe: recipe,
                resumed: Coordinator.Resumption(
                    step: step, metrics: metrics,
                    isSameFuture: isSame && changes.leaveFuture && recipe.resume == .auto),
                memory: try engine.snapshotMemory(), log: log, hooks: hooks)
            if isSame { coordinator.resumed(from: step) }
            return Start(
                coordinator: coordinator, step: step,
                presentation: try presentation(since: point.about, path: point.entry.path),
                fittedSteps: changes.keepTime
                    ? coordinator.history.fittedSteps
                        ?? point.about.metrics["fitted_steps"].flatMap { Int(exactly: $0) } ?? 0
                    : 0,
                notes: point.passedOver.map { "passed over: \($0)" } + changes.notes + optimizerNotes
                    + ["going on after step \(Wording.grouped(step)), from \(point.entry.path)"])
        }
    }

    /// Returns the presentation of images for a resumed run: its checkpoint's moments and framing, or the defaults for
    /// a checkpoint from before these were kept.
    private func presentation(since about: Checkpoint.About, path: String) throws -> Presentation? {
        guard let own = setup.presentation, let kept = try about.shown(path: path) else {
            return setup.presentation
        }
        return Presentation(
            imageSize: own.imageSize, shorterSide: kept.shorterSide, normalisation: kept.normalisation,
            images: own.images)
    }

    /// Checks that a file that the user names is not older than others in its folder, which would later be taken for
    /// this run's.
    private func checkIsNewest(_ point: CheckpointDirectory.Found, in folder: RunFolder) throws {
        let newest = try CheckpointDirectory(path: folder.checkpoints).entries().first?.step ?? 0
        guard newest <= point.about.progress.globalStep else {
            throw TrainingError.laterCheckpoints(
                path: folder.path, file: point.entry.path, step: point.about.progress.globalStep, newest: newest)
        }
    }

    /// Returns the file of weights that the recipe names; nil for none.
    private func initialWeights() throws -> WeightsFile? {
        try recipe.initFile.map { try WeightsFile(contentsOf: $0, for: engine.parameters.map(\.name)) }
    }

    /// Takes the initial weights from a file.
    ///
    /// - Returns: notes for people on the tensors that were taken and that were not, one a line.
    private func takeInitialWeights(_ file: WeightsFile) throws -> [String] {
        let path = file.path
        let fit = WeightsFit(file, to: engine.parameters, of: setup.network)
        try fit.check(
            path: path, model: recipe.model, skipsMismatched: recipe.initSkipMismatched, isForced: recipe.initForce)
        try fit.requireFinite(path: path)
        engine.take(fit)
        let count = "\(Wording.grouped(fit.fitting.count)) of \(Wording.grouped(engine.parameters.count)) tensors"
        return ["beginning with \(count) from \(path)"] + file.notes + fit.notes
            + fit.headNotes(of: setup.network, isDrawn: true) + fit.misfits.map { "skipped: \($0)" }
    }
}

extension OpenedFolder {
    /// Runs `body`, and gives the folder up where that throws.
    fileprivate func orRelease<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            lock.release()
            throw error
        }
    }
}
