package import Networks
package import Tensors

/// The layers of a network at one image size, a row for each of its PyTorch modules, and their totals.
package struct Summary: Sendable {
    /// A layer.
    package struct Row: Hashable, Sendable {
        /// `layer1.0.conv1`
        package let layer: String
        /// PyTorch's name for the module: `Conv2d`.
        package let type: String
        /// The shape of its output for one image; flattened maps are vectors.
        package let output: Shape
        /// Numbers that training moves; buffers do not count.
        package let parameters: Int
        /// The multiply-adds of convolutions and linear layers for one image.
        package let multiplyAdds: Int
    }

    /// The layers in the order of the state_dict, auxiliary heads included, without the images. Concatenations,
    /// additions and other functions of PyTorch have no row, as torchsummary has none of them.
    package let rows: [Row]
    /// Parameters of all layers; running statistics are buffers and do not count.
    package let parameters: Int
    /// The multiply-adds of one image's forward pass through the main head.
    package let multiplyAdds: Int
    /// Numbers in the outputs of all rows together, for one image.
    package let outputCount: Int

    /// - Throws: `GraphError.invalidImageSize` or `.imageTooSmall`.
    package init(network: Network, imageSize: Int) throws(GraphError) {
        let shapes = try network.shapes(imageSize: imageSize)
        let isMain = network.contributing(to: [network.heads[0].layer])
        // By layer: whether it puts out a vector rather than a map.
        var isVector: [Bool] = []
        var rows: [Row] = []
        var (parameters, multiplyAdds) = (0, 0)
        for (index, layer) in network.layers.enumerated() {
            isVector.append(layer.makesVector || layer.inputs.contains { isVector[$0] })
            guard let input = layer.inputs.first else { continue }
            let own = layer.parameters(for: shapes[input])
            let row = Row(
                layer: layer.name, type: layer.typeName(ofVector: isVector[index]), output: shapes[index],
                parameters: own.reduce(0) { $0 + ($1.isTrainable ? $1.count : 0) },
                multiplyAdds: own.reduce(0) { $0 + ($1.decays ? $1.count : 0) } * shapes[index].pixels)
            if layer.isModule { rows.append(row) }
            parameters += row.parameters
            if isMain[index] { multiplyAdds += row.multiplyAdds }
        }
        self.rows = rows
        self.parameters = parameters
        self.multiplyAdds = multiplyAdds
        self.outputCount = rows.reduce(0) { $0 + $1.output.count }
    }
}

extension Layer {
    /// Whether the output is a vector whatever the input is.
    fileprivate var makesVector: Bool {
        switch operation {
        case .flatten, .linear: true
        default: false
        }
    }

    /// Returns the name of PyTorch's module; joints and the images, which have none, have names of their own.
    fileprivate func typeName(ofVector isVector: Bool) -> String {
        switch operation {
        case .input: "Input"
        case .convolution: "Conv2d"
        case .linear: "Linear"
        case .batchNorm: isVector ? "BatchNorm1d" : "BatchNorm2d"
        case .relu: "ReLU"
        case .relu6: "ReLU6"
        case .sigmoid: "Sigmoid"
        case .tanh: "Tanh"
        case .gelu: "GELU"
        case .scale: "Scale"
        case .localResponseNormalization: "LocalResponseNorm"
        case .maxPool: "MaxPool2d"
        case .averagePool: "AvgPool2d"
        case .adaptiveAveragePool: "AdaptiveAvgPool2d"
        case .concatenate: "Concatenate"
        case .add: "Add"
        case .dropout: "Dropout"
        case .flatten: "Flatten"
        }
    }
}
