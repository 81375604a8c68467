import Checkpoints
package import Collectives
import Datasets
import Engine
package import Recipes
import Tensors

/// How well the network of a checkpoint file does on a dataset.
package struct CheckpointEvaluation: Sendable {
    package let model: String
    package let data: String
    package let evaluation: Evaluation

    /// Reads the file on rank 0 and evaluates on all. Collective.
    ///
    /// - Parameter data: nil for the dataset that the network was trained on.
    /// - Throws: `SharedFailure` on all ranks where any finds a mistake.
    package init(
        checkpoint path: String, data: String?, threads: Int?, instructionSet: Recipe.InstructionSet,
        world: any Communicator
    ) throws {
        let file = try together(world) { world.rank == 0 ? try File(path: path) : nil }
        let model = try world.broadcast(file?.about.model ?? "")
        let options = try world.broadcast(file?.about.modelOptions ?? [:])
        let classes = try world.broadcast(file?.about.classes ?? 0)
        let imageSize = try world.broadcast(file?.about.imageSize ?? 0)
        let data = try world.broadcast(data ?? file?.data ?? "")
        let (setup, layout) = try together(world) {
            let setup = try Setup(
                model: ModelChoice(model, options: options), data: data, imageSize: imageSize, classes: classes,
                threads: threads,
                instructionSet: instructionSet, world: world)
            if let file, file.about.inputChannels != setup.dataset.channels {
                throw TrainingError.otherChannels(
                    data: data, found: setup.dataset.channels, expected: file.about.inputChannels)
            }
            let layout = try setup.layout(batchSize: nil, seed: 0)
            try setup.needs(toEvaluate: layout).require()
            return (setup, layout)
        }
        let engine = try together(world) {
            let engine = try Engine(layout)
            if let file { try engine.load(file.checkpoint.tensors, from: path) }
            return engine
        }
        try engine.withParameters { parameters in try world.broadcast(&parameters, from: 0) }
        self.model = model
        self.data = data
        evaluation = try setup.evaluate(engine, world: world)
    }

    /// A checkpoint, and what it says of itself.
    private struct File {
        let checkpoint: Checkpoint
        let about: Checkpoint.About
        /// The dataset it was trained on.
        let data: String

        init(path: String) throws {
            checkpoint = try Checkpoint(contentsOf: path)
            about = try checkpoint.about(path: path)
            data = try Recipe.resolve(flags: RecipeOverrides(yaml: about.recipe, path: "\(path): recipe")).data
        }
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
