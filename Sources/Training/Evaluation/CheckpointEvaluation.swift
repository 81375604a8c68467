package import Collectives
import Datasets
import Engine
import Foundation
import Networks
package import Recipes
package import Runs
import Tensors
package import Terminal

/// The results of a checkpoint file's network on a dataset.
package struct CheckpointEvaluation: Sendable {
    package let model: String
    package let data: String
    package let evaluation: Evaluation
    /// The results class by class, of the first view alone; on rank 0 only, and nil where not asked for.
    package let detail: EvaluationDetail?

    /// Notes on the file for people, one a line; on rank 0 only.
    package let notes: [String]

    /// Reads the file on rank 0 and evaluates its network on all ranks. Collective.
    ///
    /// - Parameters:
    ///   - read: reads the file; called on rank 0 only.
    ///   - data: the dataset; nil for the one that the network was trained on.
    ///   - images: the options of decoding and resizing that differ from training.
    ///   - views: the views of each image; nil for the image itself.
    ///   - wrong: the most misclassified samples to name; nil for no details at all.
    ///   - bar: shows the progress; nil for none.
    /// - Throws: `SharedFailure` on all ranks where any finds an error.
    package init(
        of read: () throws -> NetworkFile, data: String?, images: RecipeOverrides = RecipeOverrides(),
        views: TestViews? = nil, wrong: Int? = nil, threads: Int?,
        instructionSet: Recipe.InstructionSet, bar: ProgressBar? = nil,
        world: any Communicator
    ) throws {
        let found = try together(world) { () -> (file: NetworkFile, task: EvaluationTask)? in
            guard world.rank == 0 else { return nil }
            let file = try read()
            guard let data = data ?? file.trainingData else { throw TrainingError.dataNeeded(path: file.path) }
            return (file, EvaluationTask(file, data: data, images: images))
        }
        let file = found?.file
        let text = try world.broadcast(String(decoding: JSONEncoder().encode(found?.task), as: UTF8.self))
        let (task, setup, layout) = try together(world) {
            let task = try found?.task ?? JSONDecoder().decode(EvaluationTask.self, from: Data(text.utf8))
            var setup = try Setup(
                model: ModelChoice(task.model, options: task.options), data: task.data,
                validationFraction: task.validationFraction, imageSize: task.imageSize, classes: task.network.classes,
                threads: threads, instructionSet: instructionSet, images: ImageOptions(texts: task.images),
                trained: task.network, world: world)
            setup.bar = bar
            if !task.presentation.isEmpty {
                setup.use(
                    try Presentation(
                        texts: task.presentation, imageSize: task.imageSize, channels: task.network.channels))
            }
            let layout = try setup.layout(batchSize: nil, seed: 0)
            try setup.needs(toEvaluate: layout).require()
            return (task, setup, layout)
        }
        let (engine, notes) = try together(world) { () -> (Engine, [String]) in
            let engine = try Engine(layout)
            guard let file else { return (engine, []) }
            let fit = try file.fit(to: engine.parameters, of: setup.network)
            engine.take(fit)
            return (engine, file.notes(on: fit, of: setup.network))
        }
        try engine.withState(.values) { parameters in try world.broadcast(&parameters, from: 0) }
        model = task.model
        self.data = task.data
        self.notes = notes + (world.rank == 0 ? setup.labelNote.map { [$0] } ?? [] : [])
        let console = Console(isQuiet: world.rank != 0)
        var bad = BadSamples(limit: nil, samples: setup.dataset.count(of: .test), say: { console.warn($0) })
        var outcomes: [SampleOutcome] = []
        let plain = try setup.evaluate(
            engine, bad: &bad, world: world, each: wrong.map { _ in { outcomes.append($0) } })
        let all = try wrong.map { _ in try world.gather(outcomes) } ?? []
        detail = world.rank == 0 ? wrong.map { setup.detail(plain, of: all, wrong: $0) } : nil
        evaluation = try views.map { try setup.evaluate(engine, views: $0, world: world) } ?? plain
    }

    /// The results as one JSON object on one line.
    package var json: String {
        var object = JSONLine()
        object.add("model", model)
        object.add("data", data)
        object.add("samples", evaluation.samples)
        object.add("correct", evaluation.correct)
        object.add("loss", evaluation.loss)
        object.add("accuracy", evaluation.accuracy)
        object.add("images_per_second", evaluation.imagesPerSecond)
        if let detail, !detail.wrong.isEmpty { object.add("wrong", json: detail.wrongJSON) }
        return object.text
    }
}

extension Setup {
    /// Returns the details of an evaluation on the test split, with the file names of samples.
    fileprivate func detail(_ evaluation: Evaluation, of outcomes: [SampleOutcome], wrong: Int) -> EvaluationDetail {
        var detail = EvaluationDetail(
            evaluation, of: outcomes, epoch: 0, step: 0, classes: allClassNames, pictures: wrong)
        for place in detail.wrong.indices {
            detail.wrong[place].name = dataset.fileName(of: detail.wrong[place].sample, in: .test)
        }
        return detail
    }
}

extension EvaluationDetail {
    /// The misclassified samples, as a JSON array of objects.
    fileprivate var wrongJSON: String {
        let objects = wrong.map { picture in
            var object = JSONLine()
            object.add("sample", picture.sample)
            if let name = picture.name { object.add("name", name) }
            object.add("label", classes[picture.label])
            object.add("predicted", classes[picture.predicted])
            object.add("probability", picture.probability)
            object.add("loss", picture.loss)
            return object.text
        }
        return "[\(objects.joined(separator: ", "))]"
    }
}

/// The properties of a network's file that every rank needs to evaluate it.
private struct EvaluationTask: Codable {
    let model: String
    let options: [String: String]
    let network: TrainedNetwork
    let imageSize: Int
    let data: String
    let validationFraction: Double
    /// The options by which pictures are decoded and resized.
    let images: [String: String]
    /// The presentation of pictures to the network; empty where its file has none, so that the data decide.
    let presentation: [String: String]

    init(_ file: NetworkFile, data: String, images asked: RecipeOverrides) {
        model = file.model.name
        options = file.options
        network = TrainedNetwork(
            path: file.path, channels: file.channels, classes: file.classes, classNames: file.classNames)
        imageSize = file.imageSize
        self.data = data
        validationFraction = file.validationFraction ?? DatasetOptions().validationFraction
        images = file.images.changed(by: asked).texts
        presentation = file.ownPresentation == nil ? [:] : file.presentation(asked)?.texts ?? [:]
    }
}
