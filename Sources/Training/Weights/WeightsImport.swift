package import Checkpoints
import Graphs
import Networks
import Recipes

/// A checkpoint made of another program's file of weights.
package struct WeightsImport: Sendable {
    /// The checkpoint, at step 0, without an optimizer's state.
    package let checkpoint: Checkpoint
    /// The tensors that were left out.
    package let misfits: [WeightsFit.Misfit]
    /// Further notes, one a line for people.
    package let notes: [String]

    /// - Parameters:
    ///   - classes: nil for as many as the file's head has, or without a head, the model's default.
    ///   - imageSize: pixels a side; nil for the model's default.
    ///   - skipsMismatched: whether tensors that do not fit are left out, and drawn at random where the network needs
    ///     them.
    ///   - isForced: whether more than half of them may be left out.
    /// - Throws: for errors of file or model, `TrainingError.unfitWeights` where they do not fit each other.
    package init(
        contentsOf path: String, model choice: ModelChoice, classes: Int?, imageSize: Int?, skipsMismatched: Bool,
        isForced: Bool = false
    ) throws {
        let model = try Zoo.model(named: choice.name)
        let imageSize = imageSize ?? model.defaultImageSize
        func parameters(of network: Network) throws -> [ParameterSpecification] {
            try Graph(network: network, imageSize: imageSize, purpose: .evaluation).parameters
        }
        let usual = try choice.network()
        // Names are the same for any number of classes.
        let file = try WeightsFile(contentsOf: path, for: parameters(of: usual).map(\.name))
        let network = try choice.network(classes: classes ?? usual.headClasses(in: file.tensors))
        let parameters = try parameters(of: network)
        let fit = WeightsFit(file, to: parameters, of: network)
        try fit.check(path: path, model: model.name, skipsMismatched: skipsMismatched, isForced: isForced)
        try fit.requireFinite(path: path)

        var overrides = RecipeOverrides()
        overrides.model = model.name
        overrides.modelOptions = choice.options
        overrides.classes = network.classes
        overrides.imageSize = imageSize
        let recipe = try Recipe.resolve(flags: overrides)
        let initializer = Initializer(seed: recipe.seed)
        misfits = fit.misfits
        notes = file.notes + fit.notes + fit.headNotes(of: network, isDrawn: true)
        checkpoint = Checkpoint(
            tensors: parameters.enumerated().map { index, parameter in
                fit.fitting[index] ?? Self.drawn(parameter, initializer)
            },
            optimizer: [],
            about: Checkpoint.About(
                model: model.name, modelOptions: choice.options, classes: network.classes, imageSize: imageSize,
                inputChannels: network.inputChannels, classNames: [], recipe: recipe.yaml(), seed: recipe.seed,
                progress: Checkpoint.Progress(epoch: 0, stepInEpoch: 0, globalStep: 0, samples: 0)))
    }

    private static func drawn(_ parameter: ParameterSpecification, _ initializer: Initializer) -> NamedTensor {
        NamedTensor(
            name: parameter.name, shape: parameter.shape,
            storage: parameter.role == .batchesTracked
                ? .int64([0]) : .float32(initializer.values(of: parameter)))
    }
}
