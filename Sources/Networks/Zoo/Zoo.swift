/// A model that can be asked for by name.
package struct ModelDescription: Sendable {
    package let name: String
    /// Authors, title, where and when.
    package let paper: String
    /// Pixels a side of the images it is made for; other sizes work as far as its windows fit.
    package let defaultImageSize: Int
    package let defaultClasses: Int
    /// Channels of the images it is made for.
    package let defaultChannels: Int
    /// The network itself; both numbers must be positive.
    package let build: @Sendable (_ classes: Int, _ inputChannels: Int) -> Network

    /// The network for so many classes and channels, as its paper has them where not given.
    ///
    /// - Throws: `NetworkError.invalidClasses` or `.invalidChannels` for numbers below 1.
    package func network(classes: Int? = nil, inputChannels: Int? = nil) throws(NetworkError) -> Network {
        let classes = classes ?? defaultClasses
        let inputChannels = inputChannels ?? defaultChannels
        guard classes > 0 else { throw .invalidClasses(model: name, found: classes) }
        guard inputChannels > 0 else { throw .invalidChannels(model: name, found: inputChannels) }
        return build(classes, inputChannels)
    }
}

/// The models there are.
package enum Zoo {
    package static let models: [ModelDescription] = [
        ModelDescription(
            name: "lenet", paper: lecun, defaultImageSize: 28, defaultClasses: 10, defaultChannels: 1
        ) { LeNet.network(classes: $0, inputChannels: $1) },
        ModelDescription(
            name: "resnet18", paper: he, defaultImageSize: 224, defaultClasses: 1000, defaultChannels: 3
        ) { ResNet.network("resnet18", .eighteen, classes: $0, inputChannels: $1) },
        ModelDescription(
            name: "resnet18_cifar", paper: he, defaultImageSize: 32, defaultClasses: 10, defaultChannels: 3
        ) { ResNet.network("resnet18_cifar", .eighteen, stem: .cifar, classes: $0, inputChannels: $1) },
        ModelDescription(
            name: "densenet121", paper: huang, defaultImageSize: 224, defaultClasses: 1000, defaultChannels: 3
        ) { DenseNet.network("densenet121", .oneHundredTwentyOne, classes: $0, inputChannels: $1) },
        ModelDescription(
            name: "densenet121_cifar", paper: huang, defaultImageSize: 32, defaultClasses: 10, defaultChannels: 3
        ) {
            DenseNet.network("densenet121_cifar", .oneHundredTwentyOne, stem: .cifar, classes: $0, inputChannels: $1)
        },
    ]

    private static let lecun =
        "LeCun, Bottou, Bengio & Haffner, Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 1998"
    private static let he = "He, Zhang, Ren & Sun, Deep Residual Learning for Image Recognition, CVPR 2016"
    private static let huang =
        "Huang, Liu, van der Maaten & Weinberger, Densely Connected Convolutional Networks, CVPR 2017"

    /// The model called `name`.
    ///
    /// - Throws: `NetworkError.unknownModel`, which names the nearest and all known ones.
    package static func model(named name: String) throws(NetworkError) -> ModelDescription {
        if let model = models.first(where: { $0.name == name }) { return model }
        let known = models.map(\.name)
        throw .unknownModel(found: name, nearest: Spelling.nearest(to: name, among: known), known: known)
    }
}
