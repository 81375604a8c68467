package import Networks
import Tensors

extension Graph {
    /// The graph of `network` for square images of `imageSize` pixels: forward, and for training the losses and the
    /// backward pass.
    ///
    /// Flattening disappears, as a linear layer is a convolution whose kernel covers the whole map. Dropout disappears
    /// where it has no effect. Parameters are the same for both purposes; an evaluation computes the main head only.
    ///
    /// - Throws: `GraphError.invalidImageSize` or `.imageTooSmall`.
    package init(network: Network, imageSize: Int, purpose: Purpose) throws(GraphError) {
        let shapes = try network.shapes(imageSize: imageSize)
        var lowering = Lowering(network: network, shapes: shapes, purpose: purpose)
        for index in network.layers.indices { lowering.lower(index) }
        let heads = lowering.heads
        self.init(
            purpose: purpose, values: lowering.values, nodes: lowering.nodes, parameters: lowering.parameters,
            input: ValueID(index: 0), logits: heads[0].logits)
        inputTransform = network.inputTransform
        if purpose == .training { appendBackward(from: heads) }
    }
}

/// A value that a loss is taken of.
struct Head {
    let logits: ValueID
    /// The factor of the head's loss in the loss of the network.
    let weight: Float
    let layer: String
}

/// Turns layers into nodes, one after the other.
private struct Lowering {
    let network: Network
    /// The output shapes by layer; flattened maps are vectors.
    let shapes: [Shape]
    let purpose: Graph.Purpose
    /// Whether a layer matters for this purpose.
    let isNeeded: [Bool]

    private(set) var values: [Value] = []
    private(set) var nodes: [Node] = []
    private(set) var parameters: [ParameterSpecification] = []
    /// The value of a layer's output; nil for layers that are not needed.
    private var valueOfLayer: [ValueID?] = []
    private var norms = 0
    private var dropouts = 0

    init(network: Network, shapes: [Shape], purpose: Graph.Purpose) {
        self.network = network
        self.shapes = shapes
        self.purpose = purpose
        let heads = purpose == .training ? network.heads : [network.heads[0]]
        self.isNeeded = network.contributing(to: heads.map(\.layer))
    }

    /// The heads of this purpose, once their layers are lowered.
    var heads: [Head] {
        network.heads.compactMap { head in
            guard isNeeded[head.layer], let logits = valueOfLayer[head.layer] else { return nil }
            let layer = network.layers[head.layer].name
            precondition(values[logits.index].shape.pixels == 1, "class scores of \(values[logits.index].shape)")
            return Head(logits: logits, weight: head.weight, layer: layer)
        }
    }

    /// Declares the layer's parameters, and appends its node where that is needed.
    mutating func lower(_ index: Int) {
        let layer = network.layers[index]
        let ids = declareParameters(of: layer)
        let inputs = layer.inputs.compactMap { valueOfLayer[$0] }
        // Each layer is counted whether it is needed or not, so that both purposes number alike.
        let operation = operation(of: layer, inputs: inputs, parameters: ids)
        guard isNeeded[index] else {
            valueOfLayer.append(nil)
            return
        }
        if case .input = layer.operation {
            valueOfLayer.append(append(Value(shape: shapes[index], name: layer.name)))
        } else if let operation {
            checkLayout(of: layer, inputs: inputs)
            let output = append(Value(shape: outputShape(index, inputs: inputs), name: layer.name))
            nodes.append(Node(operation, inputs: inputs, output: output, layer: layer.name))
            valueOfLayer.append(output)
        } else {
            valueOfLayer.append(inputs[0])
        }
    }

    private mutating func append(_ value: Value) -> ValueID {
        values.append(value)
        return ValueID(index: values.count - 1)
    }

    private mutating func declareParameters(of layer: Layer) -> [ParameterID] {
        guard layer.operation.hasParameters else { return [] }
        let start = parameters.count
        parameters += layer.parameters(for: shapes[layer.inputs[0]])
        return (start..<parameters.count).map(ParameterID.init(index:))
    }

    /// Returns the operation of the layer's node; nil for layers that change nothing.
    private mutating func operation(of layer: Layer, inputs: [ValueID], parameters: [ParameterID]) -> Operation? {
        switch layer.operation {
        case .input, .flatten: return nil
        case .convolution(let convolution):
            return .convolution(
                Convolution(
                    kernelHeight: convolution.kernel, kernelWidth: convolution.kernel, stride: convolution.stride,
                    padding: convolution.padding, groups: convolution.groups, weight: parameters[0],
                    bias: convolution.bias == nil ? nil : parameters[1]))
        case .linear(let linear):
            guard let x = inputs.first.map({ values[$0.index].shape }) else { return nil }
            return .convolution(
                Convolution(
                    kernelHeight: x.height, kernelWidth: x.width, weight: parameters[0],
                    bias: linear.bias == nil ? nil : parameters[1]))
        case .batchNorm(let norm):
            defer { norms += 1 }
            return .batchNorm(
                BatchNorm(
                    epsilon: norm.epsilon, momentum: norm.momentum, weight: parameters[0], bias: parameters[1],
                    runningMean: parameters[2], runningVariance: parameters[3], batchesTracked: parameters[4],
                    index: norms))
        case .relu: return .activation(.relu)
        case .relu6: return .activation(.relu6)
        case .sigmoid: return .activation(.sigmoid)
        case .tanh: return .activation(.tanh)
        case .gelu: return .activation(.gelu)
        case .scale(let factor): return .scale(factor)
        case .localResponseNormalization(let norm):
            return .localResponseNormalization(size: norm.size, alpha: norm.alpha, beta: norm.beta, k: norm.k)
        case .maxPool(let window): return .maxPool(Pooling(window))
        case .averagePool(let window): return .averagePool(Pooling(window))
        case .adaptiveAveragePool: return .adaptiveAveragePool
        case .concatenate: return .concatenate
        case .add: return .add
        case .dropout(let rate):
            defer { dropouts += 1 }
            return purpose == .training && rate > 0 ? .dropout(rate: rate, index: dropouts) : nil
        }
    }

    /// Returns the shape of the layer's value: after a `flatten` still that of the map.
    private func outputShape(_ index: Int, inputs: [ValueID]) -> Shape {
        network.layers[index].isElementwise ? values[inputs[0].index].shape : shapes[index]
    }

    /// Checks that a layer after a `flatten` computes the same for the map as for the vector, as only elementwise and
    /// linear layers do.
    private func checkLayout(of layer: Layer, inputs: [ValueID]) {
        if layer.isElementwise { return }
        if case .linear = layer.operation { return }
        for (input, value) in zip(layer.inputs, inputs) {
            let isMap = shapes[input] == values[value.index].shape
            precondition(isMap, "\(layer.name) cannot stand behind a flattened map")
        }
    }
}

extension Layer {
    fileprivate var isElementwise: Bool {
        switch operation {
        case .relu, .relu6, .sigmoid, .tanh, .gelu, .scale, .dropout: true
        default: false
        }
    }
}

extension Pooling {
    fileprivate init(_ window: Layer.Window) {
        self.init(kernel: window.kernel, stride: window.stride, padding: window.padding, ceilMode: window.ceilMode)
    }
}
