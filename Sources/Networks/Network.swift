/// A convolutional network as in its paper: layers and their connections, for images of any size.
///
/// The layers are in the order of torchvision's state_dict, in which they can also be computed: a layer reads only
/// layers before it. Layer 0 is the images.
package struct Network: Sendable {
    /// The name by which users call it: `resnet18`.
    package let name: String
    /// Channels of the images: 1 for grey, 3 for colour.
    package let inputChannels: Int
    /// Classes that every head scores.
    package let classes: Int
    package internal(set) var layers: [Layer]
    /// The transform of images before the first layer; nil where the network takes them as they are.
    package internal(set) var inputTransform: InputTransform?
    /// The layers that compute logits: the main head first, then auxiliary ones, which only training uses.
    package let heads: [Head]

    /// A layer whose outputs are logits.
    package struct Head: Hashable, Sendable {
        /// The index of the layer in `layers`.
        package let layer: Int
        /// The factor of its loss in the loss of the network; 1 for the main head.
        package let weight: Float
    }

    /// Builds a network layer by layer, in the order of torchvision's state_dict.
    ///
    /// - Parameters:
    ///   - initialization: The initial rules of layers' weights and biases.
    ///   - body: Takes the images and returns the logits.
    /// - Precondition: Tensor names are unique and every layer contributes to a head.
    package init(
        _ name: String, inputChannels: Int, classes: Int, initialization: Initialization = .torch,
        _ body: (Features) -> Features
    ) {
        precondition(inputChannels > 0 && classes > 0, "\(name) of \(inputChannels) channels and \(classes) classes")
        let builder = NetworkBuilder(initialization: initialization)
        let images = builder.appendJoint("input", .input, inputs: [], channels: inputChannels)
        let scores = body(images)
        self.name = name
        self.inputChannels = inputChannels
        self.classes = classes
        self.layers = builder.layers
        self.heads = [Head(layer: scores.layer, weight: 1)] + builder.auxiliaryHeads
        checkWiring()
    }

    /// Returns the layers that `roots` are computed from, themselves included: true at each one's index.
    package func contributing(to roots: [Int]) -> [Bool] {
        var isNeeded = [Bool](repeating: false, count: layers.count)
        for root in roots { isNeeded[root] = true }
        for (index, layer) in layers.enumerated().reversed() where isNeeded[index] {
            for input in layer.inputs { isNeeded[input] = true }
        }
        return isNeeded
    }

    /// The names of layers with parameters that only auxiliary heads need: training alone uses them.
    package var auxiliaryLayers: Set<String> {
        let isMain = contributing(to: [heads[0].layer])
        return Set(zip(layers, isMain).filter { $0.operation.hasParameters && !$1 }.map(\.0.name))
    }

    private func checkWiring() {
        var names: Set<String> = []
        let isUsed = contributing(to: heads.map(\.layer))
        for (index, layer) in layers.enumerated() {
            precondition(isUsed[index], "\(name): nothing uses layer \(layer.name)")
            if layer.operation.hasParameters {
                precondition(names.insert(layer.name).inserted, "\(name): two layers are called \(layer.name)")
            }
        }
        for head in heads {
            precondition(
                layers[head.layer].operation != .input, "\(name): the images cannot be the class scores")
        }
    }
}
