package import Checkpoints
import Graphs
import Networks
import Recipes

/// A checkpoint made of a file of weights that another program wrote.
package struct WeightsImport: Sendable {
    /// At step 0, without an optimizer's state.
    package let checkpoint: Checkpoint
    /// What was left out.
    package let misfits: [WeightsFit.Misfit]

    /// - Parameters:
    ///   - classes: nil for as many as the file's head scores, or where it has none, the model's.
    ///   - imageSize: nil for the model's.
    ///   - skipsMismatched: whether tensors that do not fit are left out, and drawn where the network needs them.
    /// - Throws: what is wrong with file or model, `TrainingError.unfitWeights` where they do not fit each other.
    package init(
        contentsOf path: String, model choice: ModelChoice, classes: Int?, imageSize: Int?, skipsMismatched: Bool
    ) throws {
        let model = try Zoo.model(named: choice.name)
        let tensors = try Checkpoint(contentsOf: path).tensors
        let scored = try choice.network().headClasses(in: tensors)
        let network = try choice.network(classes: classes ?? scored)
        let imageSize = imageSize ?? model.defaultImageSize
        let parameters = try Graph(network: network, imageSize: imageSize, purpose: .evaluation).parameters
        let fit = WeightsFit(tensors, to: parameters)
        try fit.check(path: path, model: model.name, skipsMismatched: skipsMismatched)
        try fit.requireFinite(path: path)

        var overrides = RecipeOverrides()
        overrides.model = model.name
        overrides.modelOptions = choice.options
        overrides.classes = network.classes
        overrides.imageSize = imageSize
        let recipe = try Recipe.resolve(flags: overrides)
        let initializer = Initializer(seed: recipe.seed)
        misfits = fit.misfits
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

extension Network {
    /// Classes that the main head scores in a file of this network's weights; nil where the file has no such head.
    fileprivate func headClasses(in tensors: [NamedTensor]) -> Int? {
        var layer = layers[heads[0].layer]
        // The scores may be pooled or flattened after the layer that gives them.
        while !layer.operation.isClassifier, let input = layer.inputs.first { layer = layers[input] }
        return tensors.first { $0.name == layer.name + ".weight" }?.shape.first
    }
}

extension Layer.Operation {
    fileprivate var isClassifier: Bool {
        switch self {
        case .linear, .convolution: true
        default: false
        }
    }
}
