import Checkpoints
package import Datasets
package import Graphs
package import Networks
package import Recipes
import Tensors

/// A network and its weights as a file has them: a checkpoint of ours, which says what network it is of, or another
/// program's file, whose network is named.
package struct NetworkFile: Sendable {
    package let path: String
    package let model: ModelDescription
    package let options: [String: String]
    package let classes: Int
    /// Channels of an image: 1 for grey, 3 for colour.
    package let channels: Int
    /// Pixels a side that it was trained on, or else that the model is made for.
    package let imageSize: Int
    /// The names of the classes, by label; empty if the file does not say.
    package let classNames: [String]
    /// The dataset that the network was trained on; nil for weights of elsewhere, to which we have shown nothing.
    package let trainingData: String?
    /// The presentation of pictures in training; nil where the file does not say.
    let ownPresentation: Presentation?
    /// The options by which pictures were decoded and resized in training; the defaults for weights of elsewhere.
    let images: ImageOptions
    /// The share of its pictures that it was tested on, where nothing said which.
    let validationFraction: Double?
    /// All texts of the file.
    package let metadata: [String: String]
    private let weights: WeightsFile

    /// Reads the file.
    ///
    /// - Parameters:
    ///   - name: the model; nil for what the file says of itself. Files of other programs say nothing.
    ///   - options: of the model, besides those that the file says.
    /// - Throws: for a file that is no checkpoint, and a model that is not known.
    package init(contentsOf path: String, model name: String?, options: [String: String] = [:]) throws {
        let named = try name.map { try ModelChoice($0, options: options).network() }
        weights = try WeightsFile(contentsOf: path, for: named?.parameters().map(\.name) ?? [])
        let about = try weights.about()
        guard about != nil || name != nil else { throw PredictionError.unknownModel(path: path) }
        self.path = path
        model = try Zoo.model(named: name ?? about?.model ?? "")
        // Another model than the checkpoint's knows nothing of its options.
        let own = about.flatMap { [model] in $0.model == model.name ? $0.modelOptions : nil } ?? [:]
        self.options = own.merging(options) { _, asked in asked }
        classes = about?.classes ?? named?.headClasses(in: weights.tensors) ?? model.defaultClasses
        channels = try about?.inputChannels ?? named?.inputChannels(in: weights.tensors) ?? model.defaultChannels
        imageSize = about?.imageSize ?? model.defaultImageSize
        classNames = about?.classNames ?? []
        let recipe = try about?.trainingRecipe(path: path)
        trainingData = recipe?.data
        validationFraction = recipe?.validationFraction
        ownPresentation = try about?.shown(path: path)
        images = ownPresentation?.images ?? recipe.map { ImageOptions($0) } ?? ImageOptions()
        metadata = weights.metadata
    }

    /// The network, for images of as many channels as its weights are made for.
    package func network() throws(NetworkError) -> Network {
        try ModelChoice(model.name, options: options).network(classes: classes, inputChannels: channels)
    }

    /// Returns the presentation of pictures to the network; nil where the network wants neither grey nor colour.
    ///
    /// It is the file's, where the file has one. Else it is that of whole images of the network's dataset, where the
    /// network was trained here, or that of photographs in torchvision's references.
    ///
    /// - Parameter asked: how pictures are decoded and resized, where that is to be otherwise.
    package func presentation(_ asked: RecipeOverrides = RecipeOverrides()) -> Presentation? {
        var presentation = ownPresentation
        if presentation == nil {
            presentation =
                trainingData == nil
                ? Presentation(ofPhotographsWith: channels, imageSize: imageSize)
                : Normalisation.of(dataset: trainingData, channels: channels).map {
                    Presentation(imageSize: imageSize, shorterSide: imageSize, normalisation: $0, images: images)
                }
        }
        presentation?.images = images.changed(by: asked)
        return presentation
    }

    /// The tensors that are the parameters of `network`: all of them, but for auxiliary heads that the file lacks.
    ///
    /// - Throws: `TrainingError.unfitCheckpoint` where one is missing, too many, or of another type or shape;
    ///   `.weightsNotFinite`
    package func fit(to parameters: [ParameterSpecification], of network: Network) throws(TrainingError) -> WeightsFit {
        let fit = WeightsFit(weights, to: parameters, of: network)
        guard fit.misfits.isEmpty else { throw .unfitCheckpoint(misfits: fit.misfitLines) }
        try fit.requireFinite(path: path)
        return fit
    }

    /// Returns notes on weights that were taken over with this fit, one a line for people.
    package func notes(on fit: WeightsFit, of network: Network) -> [String] {
        weights.notes + fit.notes + fit.headNotes(of: network, isDrawn: false)
    }
}

extension Network {
    /// Parameters and buffers for images of the size that the model is made for.
    fileprivate func parameters() throws -> [ParameterSpecification] {
        try Graph(network: self, imageSize: Zoo.model(named: name).defaultImageSize, purpose: .evaluation).parameters
    }

    /// Classes that the main head scores in a file of this network's weights; nil where the file has no such head.
    func headClasses(in tensors: [NamedTensor]) -> Int? {
        tensors.first { ExactName($0.name) == ExactName(headName + ".weight") }?.shape.first
    }

    /// The name of the layer that scores the main head's classes.
    var headName: String {
        var layer = layers[heads[0].layer]
        // The scores may be pooled or flattened after the layer that gives them.
        while !layer.operation.hasWeight, let input = layer.inputs.first { layer = layers[input] }
        return layer.name
    }

    /// Channels of the images that the first convolution in a file of this network's weights reads; nil where the file
    /// has none, or the network begins otherwise.
    fileprivate func inputChannels(in tensors: [NamedTensor]) throws -> Int? {
        guard let first = try parameters().first(where: \.decays), first.role == .convolutionWeight,
            let tensor = tensors.first(where: { ExactName($0.name) == ExactName(first.name) }), tensor.shape.count == 4
        else { return nil }
        return tensor.shape[1]
    }
}

extension Layer.Operation {
    fileprivate var hasWeight: Bool {
        switch self {
        case .linear, .convolution: true
        default: false
        }
    }
}
