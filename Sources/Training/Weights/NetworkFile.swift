import Checkpoints
package import Datasets
package import Graphs
package import Networks
package import Recipes
import Tensors

/// A network and its weights in a file: our checkpoint, which describes its network, or another program's file, whose
/// network the user names.
package struct NetworkFile: Sendable {
    package let path: String
    package let model: ModelDescription
    package let options: [String: String]
    package let classes: Int
    /// The channels of an image: 1 for grey, 3 for colour.
    package let channels: Int
    /// The size of the images that it was trained on, or else the model's default, in pixels a side.
    package let imageSize: Int
    /// The names of the classes, by label; empty where the file has none.
    package let classNames: [String]
    /// The dataset that the network was trained on; nil for weights that this program has not trained.
    package let trainingData: String?
    /// The presentation of pictures in training; nil where the file has none.
    let ownPresentation: Presentation?
    /// The options by which pictures were decoded and resized in training; the defaults for other programs' weights.
    let images: ImageOptions
    /// The share of the pictures on which it was tested, where the data did not define it.
    let validationFraction: Double?
    /// The file's metadata.
    package let metadata: [String: String]
    private let weights: WeightsFile

    /// Reads the file.
    ///
    /// - Parameters:
    ///   - name: the model; nil for the one that the file names. Files of other programs name none.
    ///   - options: options of the model, in addition to the file's.
    /// - Throws: for a file that is no checkpoint, and an unknown model.
    package init(contentsOf path: String, model name: String?, options: [String: String] = [:]) throws {
        let named = try name.map { try ModelChoice($0, options: options).network() }
        weights = try WeightsFile(contentsOf: path, for: named?.parameters().map(\.name) ?? [])
        let about = try weights.about()
        guard about != nil || name != nil else { throw PredictionError.unknownModel(path: path) }
        self.path = path
        model = try Zoo.model(named: name ?? about?.model ?? "")
        // The checkpoint's options are for its own model only.
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

    /// Returns the network, for images with as many channels as its weights are for.
    package func network() throws(NetworkError) -> Network {
        try ModelChoice(model.name, options: options).network(classes: classes, inputChannels: channels)
    }

    /// Returns the presentation of pictures to the network; nil where its input is neither grey nor colour.
    ///
    /// It is the file's own, where it has one. Otherwise it is that of whole images of the network's dataset, where
    /// this program trained the network, or that of photographs in torchvision's references.
    ///
    /// - Parameter asked: the options of decoding and resizing to change.
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

    /// Returns the tensors for the parameters of `network`: all of them, except auxiliary heads that the file lacks.
    ///
    /// - Throws: `TrainingError.unfitCheckpoint` where a tensor is missing, unknown, or of another type or shape;
    ///   `.weightsNotFinite`
    package func fit(to parameters: [ParameterSpecification], of network: Network) throws(TrainingError) -> WeightsFit {
        let fit = WeightsFit(weights, to: parameters, of: network)
        guard fit.misfits.isEmpty else { throw .unfitCheckpoint(misfits: fit.misfitLines) }
        try fit.requireFinite(path: path)
        return fit
    }

    /// Returns notes on weights that were loaded with this fit, one a line for people.
    package func notes(on fit: WeightsFit, of network: Network) -> [String] {
        weights.notes + fit.notes + fit.headNotes(of: network, isDrawn: false)
    }
}

extension Network {
    /// Returns the parameters and buffers for images of the model's default size.
    fileprivate func parameters() throws -> [ParameterSpecification] {
        try Graph(network: self, imageSize: Zoo.model(named: name).defaultImageSize, purpose: .evaluation).parameters
    }

    /// Returns the number of classes of the main head in a file of this network's weights; nil where the file has no
    /// such head.
    func headClasses(in tensors: [NamedTensor]) -> Int? {
        tensors.first { ExactName($0.name) == ExactName(headName + ".weight") }?.shape.first
    }

    /// The name of the layer that computes the main head's logits.
    var headName: String {
        var layer = layers[heads[0].layer]
        // The logits may be pooled or flattened after that layer.
        while !layer.operation.hasWeight, let input = layer.inputs.first { layer = layers[input] }
        return layer.name
    }

    /// Returns the number of channels that the first convolution in a file of this network's weights reads; nil where
    /// the file has none, or the network begins otherwise.
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
