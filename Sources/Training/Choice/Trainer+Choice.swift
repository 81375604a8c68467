import Checkpoints
import Collectives
import Datasets
import Engine
import Recipes
import Runs
import Tensors
import Terminal

extension Trainer {
    /// Finds a learning rate at the beginning of a run whose recipe asks for that, then restores the state before the
    /// test. Collective.
    ///
    /// - Returns: notes for people on the choice and its reason.
    /// - Throws: `SharedFailure` where the loss falls at no rate.
    func chooseLearningRate() throws -> [String] {
        guard recipe.choosesLearningRate, step == 0 else { return [] }
        try enter("choice of a learning rate", mayTakeLong: true)
        log.note("looking for a learning rate in at most \(Wording.count(LearningRateChoice.steps, "step"))")
        // The test does not change averages.
        let memory = try together(world) { try engine.snapshotMemory() }
        _ = engine.snapshot(in: memory)
        let choice = try rangeTest()
        _ = engine.restore(memory)
        (engine.batchesTracked, engine.updates) = (0, 0)
        (step, unsharedSamples) = (0, 0)
        // All ranks have seen the same losses.
        try together(world) {
            try coordinator?.folder.keep(rangeTest: choice.table)
            guard let chosen = choice.chosen else {
                throw TrainingError.noLearningRate(curve: coordinator?.folder.learningRateRange ?? "")
            }
            recipe = try recipe.with(learningRate: chosen)
            schedule = LearningRateSchedule(
                recipe, stepsPerEpoch: sizes.stepsPerEpoch, totalSteps: sizes.totalSteps)
            try coordinator?.folder.begin(recipe: recipe.ofWholeRun.yaml())
        }
        return [choice.words]
    }

    /// Trains on the run's first batches while the rate grows.
    private func rangeTest() throws -> LearningRateChoice {
        var choice = LearningRateChoice()
        while step < LearningRateChoice.steps {
            let batches = batches(ofEpoch: sizes.epoch(after: step))
            defer { batches.close() }
            while step < LearningRateChoice.steps, let batch = try batches.next() {
                let loaded = try withoutBadSamples(batch)
                guard loaded.globalSamples > 0 else {
                    step += 1
                    continue
                }
                let rate = LearningRateChoice.rate(step)
                let own = try trainPasses(of: loaded)
                let areFinite = try sumGradients()
                let sums = try world.sum([own.lossSum, Double(own.samples)])
                guard choice.add(rate: rate, loss: sums[0] / sums[1]), areFinite else { return choice }
                engine.clipGradients(recipe)
                engine.update(optimizer, learningRate: Float(rate))
                step += 1
            }
        }
        return choice
    }
}

extension RunFolder {
    /// The file with the curve of the test that has chosen a run's learning rate.
    package var learningRateRange: String { path + "/lr-range.tsv" }

    fileprivate func keep(rangeTest table: String) throws {
        try RunError.writing(learningRateRange) { try writeFile(table, to: learningRateRange) }
    }
}
