package import Collectives
import Datasets
import Engine
import Networks
package import Recipes
import Tensors

/// How well the network of a checkpoint file does on a dataset.
package struct CheckpointEvaluation: Sendable {
    package let model: String
    package let data: String
    package let evaluation: Evaluation

    /// What is to be known of the file, as lines to be read; on rank 0 alone.
    package let notes: [String]

    /// Reads the file on rank 0 and evaluates on all. Collective.
    ///
    /// - Parameters:
    ///   - read: reads the file; called on rank 0 alone.
    ///   - data: nil for the dataset that the network was trained on.
    /// - Throws: `SharedFailure` on all ranks where any finds a mistake.
    package init(
        of read: () throws -> NetworkFile, data: String?, threads: Int?, instructionSet: Recipe.InstructionSet,
        world: any Communicator
    ) throws {
        let found = try together(world) { () -> (file: NetworkFile, data: String)? in
            guard world.rank == 0 else { return nil }
            let file = try read()
            guard let data = data ?? file.trainingData else { throw TrainingError.dataNeeded(path: file.path) }
            return (file, data)
        }
        let file = found?.file
        let model = try world.broadcast(file?.model.name ?? "")
        let options = try world.broadcast(file?.options ?? [:])
        let classes = try world.broadcast(file?.classes ?? 0)
        let imageSize = try world.broadcast(file?.imageSize ?? 0)
        let data = try world.broadcast(found?.data ?? "")
        // As text, which reads back to the same bits.
        let fraction = Double(try world.broadcast("\(file?.validationFraction ?? 0)")) ?? 0
        let (setup, layout) = try together(world) {
            let setup = try Setup(
                model: ModelChoice(model, options: options), data: data, validationFraction: fraction,
                imageSize: imageSize, classes: classes, threads: threads,
                instructionSet: instructionSet, world: world)
            if let file, file.channels != setup.dataset.channels {
                throw TrainingError.otherChannels(
                    data: data, found: setup.dataset.channels, expected: file.channels)
            }
            let layout = try setup.layout(batchSize: nil, seed: 0)
            try setup.needs(toEvaluate: layout).require()
            return (setup, layout)
        }
        let (engine, notes) = try together(world) { () -> (Engine, [String]) in
            let engine = try Engine(layout)
            guard let file else { return (engine, []) }
            let fit = try file.fit(to: engine.parameters, of: setup.network)
            engine.take(fit)
            return (engine, file.notes(on: fit, of: setup.network))
        }
        try engine.withParameters { parameters in try world.broadcast(&parameters, from: 0) }
        self.model = model
        self.data = data
        self.notes = notes
        let console = Console(isQuiet: world.rank != 0)
        var bad = BadSamples(limit: nil, samples: setup.dataset.count(of: .test), say: { console.warn($0) })
        evaluation = try setup.evaluate(engine, bad: &bad, world: world)
    }

    /// One JSON object on one line.
    package var json: String {
        var object = JSONLine()
        object.add("model", model)
        object.add("data", data)
        object.add("samples", evaluation.samples)
        object.add("correct", evaluation.correct)
        object.add("loss", evaluation.loss)
        object.add("accuracy", evaluation.accuracy)
        object.add("images_per_second", evaluation.imagesPerSecond)
        return object.text
    }
}
