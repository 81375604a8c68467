import Checkpoints
import Collectives
import Datasets
import Engine
import Graphs
import Networks
import Recipes
import Tensors

extension Trainer {
    /// Gives every rank the same state, at the beginning of a run or where an earlier part of it stopped, and opens the
    /// folder that it goes to. Collective.
    ///
    /// - Throws: `SharedFailure` where rank 0 cannot read or write what it must.
    func begin() throws {
        let start = try together(world) { world.rank == 0 ? try prepareStart() : nil }
        step = try world.broadcast(start?.step ?? 0)
        engine.batchesTracked = try world.broadcast(engine.batchesTracked)
        try engine.withParameters { parameters in try world.broadcast(&parameters, from: 0) }
        if step > 0 {
            try engine.withMomentum { momentum in try world.broadcast(&momentum, from: 0) }
        }
        guard let start else { return }
        coordinator = start.coordinator
        log.header(
            setup, recipe: recipe, ranks: world.size, sizes: sizes, folder: start.coordinator.folder,
            notes: start.notes + frozenNote)
    }

    private var frozenNote: [String] {
        guard frozenParameters > 0 else { return [] }
        let all = Wording.grouped(setup.summary.parameters)
        return ["\(Wording.grouped(frozenParameters)) of \(all) parameters are frozen"]
    }

    /// What rank 0 has ready before the first step.
    private struct Start {
        let coordinator: Coordinator
        /// Optimizer steps already taken.
        let step: Int
        /// What people should know about it.
        var notes: [String] = []
    }

    private func prepareStart() throws -> Start {
        guard recipe.resume else {
            let folder = try RunFolder.new(asked: recipe.output, model: recipe.model, data: recipe.data)
            engine.initialize(seed: recipe.seed)
            let notes = try takeInitialWeights()
            return Start(
                coordinator: try Coordinator(folder: folder, recipe: recipe, resumedStep: nil), step: 0, notes: notes)
        }
        let folder = try RunFolder.existing(asked: recipe.output, model: recipe.model, data: recipe.data)
        let found = try CheckpointDirectory(path: folder.checkpoints).newest()
        let earlier = try Recipe.resolve(
            flags: RecipeOverrides(yaml: found.about.recipe, path: "\(found.entry.path): recipe"))
        try checkSameRun(as: found.about, earlier)
        try engine.load(found.checkpoint.tensors)
        try engine.loadOptimizer(found.checkpoint.optimizer)
        let step = found.about.progress.globalStep
        let coordinator = try Coordinator(folder: folder, recipe: recipe, resumedStep: step)
        return Start(
            coordinator: coordinator, step: step,
            notes: found.passedOver.map { "passed over: \($0)" } + changes(since: earlier)
                + ["going on after step \(Wording.grouped(step)), from \(found.entry.path)"])
    }

    /// Begins with the weights of the file that the recipe names, if it does.
    ///
    /// - Returns: what was taken over and what was not, as lines to be read.
    private func takeInitialWeights() throws -> [String] {
        guard let path = recipe.initFile else { return [] }
        let fit = WeightsFit(try Checkpoint(contentsOf: path).tensors, to: engine.parameters)
        try fit.check(path: path, model: recipe.model, skipsMismatched: recipe.initSkipMismatched)
        engine.take(fit)
        let count = "\(Wording.grouped(fit.fitting.count)) of \(Wording.grouped(engine.parameters.count)) tensors"
        return ["beginning with \(count) from \(path)"] + fit.misfits.map { "skipped: \($0)" }
    }

    /// What makes a run the run that it is may not change half-way.
    private func checkSameRun(as about: Checkpoint.About, _ earlier: Recipe) throws {
        func dataset(_ data: String) -> String { String(data.prefix { $0 != ":" }) }
        let identity: [(what: String, checkpoint: String, recipe: String)] = [
            ("model", about.model, recipe.model),
            ("data", dataset(earlier.data), dataset(recipe.data)),
            ("classes", "\(about.classes)", "\(setup.network.classes)"),
            ("image_size", "\(about.imageSize)", "\(setup.imageSize)"),
            ("batch_size", "\(earlier.batchSize)", "\(recipe.batchSize)"),
            ("seed", "\(about.seed)", "\(recipe.seed)"),
        ]
        for item in identity where item.checkpoint != item.recipe {
            throw TrainingError.differentRun(what: item.what, checkpoint: item.checkpoint, recipe: item.recipe)
        }
        for key in Set(about.modelOptions.keys).union(recipe.modelOptions.keys).sorted()
        where about.modelOptions[key] != recipe.modelOptions[key] {
            throw TrainingError.differentOption(
                key: key, checkpoint: about.modelOptions[key], recipe: recipe.modelOptions[key])
        }
        let samples = sizes.samples(after: about.progress.globalStep)
        guard about.progress.samples == samples else {
            throw TrainingError.differentData(
                data: recipe.data, step: about.progress.globalStep, checkpoint: about.progress.samples, found: samples)
        }
    }

    /// Keys that say how ranks talk, and change no result.
    private static let communicationKeys = ["bucket_megabytes:", "collective_timeout:", "replica_check_every:"]

    /// What is asked for otherwise than the run began with, as lines to be read.
    private func changes(since earlier: Recipe) -> [String] {
        func lines(_ recipe: Recipe) -> [String] {
            let local =
                ["output:", "resume:", "threads:", "isa:", "log_every:", "loss_precision:", "data:"]
                + Self.communicationKeys
            return recipe.yaml().split(separator: "\n").map(String.init).filter { line in
                !local.contains { line.hasPrefix($0) }
            }
        }
        let before = lines(earlier)
        let added = lines(recipe).filter { !before.contains($0) }
        return added.isEmpty ? [] : ["changed since this run began: \(added.joined(separator: ", "))"]
    }

    /// Keeps the run's state, for good once this returns on rank 0; on other ranks it does nothing.
    func saveCheckpoint() throws {
        guard let coordinator else { return }
        let progress = Checkpoint.Progress(
            epoch: sizes.epoch(after: step), stepInEpoch: sizes.stepInEpoch(after: step), globalStep: step,
            samples: sizes.samples(after: step))
        let about = Checkpoint.About(
            model: recipe.model, modelOptions: recipe.modelOptions, classes: setup.network.classes,
            imageSize: setup.imageSize,
            inputChannels: setup.dataset.channels, classNames: setup.dataset.classNames, recipe: recipe.yaml(),
            seed: recipe.seed, progress: progress)
        try coordinator.keep(Checkpoint(tensors: engine.tensors, optimizer: engine.optimizerTensors, about: about))
    }
}
