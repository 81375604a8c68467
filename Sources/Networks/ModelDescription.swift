import Tensors

/// A model that users name.
package struct ModelDescription: Sendable {
    package let name: String
    /// Authors, title, where and when.
    package let paper: String
    /// Pixels a side of the images it is made for; other sizes work as far as its windows fit.
    package let defaultImageSize: Int
    package let defaultClasses: Int
    /// Channels of the images it is made for.
    package let defaultChannels: Int
    /// The options it takes, in the order in which they are listed to users.
    package let options: [ModelOptions.Key]
    private let build: @Sendable (Request) -> Network

    /// The properties of a network that a user asks of a model.
    struct Request: Sendable {
        let name: String
        let classes: Int
        let inputChannels: Int
        let options: ModelOptions
    }

    /// - Parameters:
    ///   - options: The options besides those of all models, which are activation and input channels.
    ///   - build: Builds the network. It may ignore `dropout` and `activation` where its layers include these anyway.
    init(
        _ name: String, paper: String, imageSize: Int, classes: Int, channels: Int = 3,
        options: [ModelOptions.Key] = [], build: @escaping @Sendable (Request) -> Network
    ) {
        self.name = name
        self.paper = paper
        self.defaultImageSize = imageSize
        self.defaultClasses = classes
        self.defaultChannels = channels
        self.options = options + [.activation, .inputChannels]
        self.build = build
    }

    /// Returns the network for a number of classes and channels, by default as in its paper.
    ///
    /// - Parameters:
    ///   - inputChannels: Channels of the images; `options.inputChannels` takes precedence.
    ///   - scheme: The initial distribution of the weights of convolutions and linear layers.
    /// - Throws: `NetworkError.invalidClasses` or `.invalidChannels` for numbers below 1, `.unknownOption` for an
    ///   option that the model does not have, `.invalidOption` for a value that the option does not allow.
    package func network(
        classes: Int? = nil, inputChannels: Int? = nil, options: ModelOptions = ModelOptions(),
        scheme: InitialScheme = .reference
    ) throws(NetworkError) -> Network {
        let classes = classes ?? defaultClasses
        let inputChannels = options.inputChannels ?? inputChannels ?? defaultChannels
        guard classes > 0 else { throw .invalidClasses(model: name, found: classes) }
        guard inputChannels > 0 else { throw .invalidChannels(model: name, found: inputChannels) }
        for (key, text) in options.texts {
            // Options that were set in code, and not read from a text, are checked here.
            var checked = ModelOptions()
            try checked.set(known(key.rawValue), to: text, model: name)
        }
        if options.transformInput == true, inputChannels != 3 {
            throw .transformNeedsColour(model: name, found: inputChannels)
        }
        var network = build(
            Request(name: name, classes: classes, inputChannels: inputChannels, options: options))
        if let rate = options.dropout { network = network.withDropout(rate: rate) }
        if let activation = options.activation { network = network.withActivation(activation) }
        if options.transformInput == true { network = network.withInput(.torchvision) }
        return network.withWeights(scheme)
    }

    /// Options from text, as flags and files give them: `["blocks": "6,12,24,16"]`.
    ///
    /// - Throws: `NetworkError.unknownOption` or `.invalidOption`, which name the nearest option and the allowed
    ///   values.
    package func options(from texts: [String: String]) throws(NetworkError) -> ModelOptions {
        var options = ModelOptions()
        // In order, so that the first of several errors is always the same.
        for (key, text) in texts.sorted(by: { $0.key < $1.key }) {
            try options.set(known(key), to: text, model: name)
        }
        return options
    }

    private func known(_ key: String) throws(NetworkError) -> ModelOptions.Key {
        if let option = ModelOptions.Key(rawValue: key), options.contains(option) { return option }
        let known = options.map(\.rawValue)
        throw .unknownOption(model: name, found: key, nearest: Spelling.nearest(to: key, among: known), known: known)
    }
}

extension Network {
    /// Builds the network that `request` asks for, layer by layer, in the order of torchvision's state_dict.
    init(
        _ request: ModelDescription.Request, initialization: Initialization = .torch, _ body: (Features) -> Features
    ) {
        self.init(
            request.name, inputChannels: request.inputChannels, classes: request.classes,
            initialization: initialization, body)
    }
}
