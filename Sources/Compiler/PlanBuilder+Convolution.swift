internal import Graphs
internal import KernelInterface
internal import Tensors

// A convolution's node becomes one problem for each super-group of its channels. The first algorithm that accepts a
// problem lowers it.

extension PlanBuilder {
    /// Lowers a convolution or its data gradient, and the sums over what it writes.
    mutating func lowerConvolution(_ node: Node, _ product: ConvolutionProduct, _ convolution: Convolution) {
        guard let written = node.output else { return }
        let isForward = product == .forward
        let sums = blockSums(node.sums, of: written)
        var isSummed = sums != nil
        let (input, output) = isForward ? (node.inputs[0], written) : (written, node.inputs[0])
        forEachPart(of: node, convolution, input: input, output: output) { builder, part in
            var part = part
            part.epilogue.sums = sums?.slice(from: isForward ? part.firstOutput : part.firstInput)
            if !isForward { part.epilogue.bias = nil }
            isSummed = builder.lower(product, part) && isSummed
        }
        if let kind = node.sums { takeSums(kind, isSummed ? sums : nil, of: written, by: node) }
    }

    mutating func lowerWeightGradient(_ node: Node, _ convolution: Convolution) {
        guard let packing = context.parameters.entries[convolution.weight.index].packing else { return }
        if let bias = convolution.bias { lowerBiasGradient(view(node.inputs[1]), bias) }
        forEachPart(of: node, convolution, input: node.inputs[0], output: node.inputs[1]) { builder, part in
            _ = builder.lower(.weightGradient, part)
        }
        guard packing.merged > 1, !packing.isDepthwise else { return }
        call(
            context.kernels.maskGroups,
            GroupMaskArguments(
                gradient: gradient(convolution.weight), stride: packing.superStride, inputs: packing.superInputs,
                outputs: packing.superOutputs, inputsPerGroup: packing.inputs / packing.groups,
                outputsPerGroup: packing.outputs / packing.groups, taps: packing.taps),
            tasks: packing.superGroups)
    }

    /// Lowers a product of a part by the first algorithm that accepts it.
    ///
    /// - Returns: whether the part's sums are fused.
    private mutating func lower(_ product: ConvolutionProduct, _ part: ConvolutionPart) -> Bool {
        let problem = ConvolutionProblem(
            product: product, geometry: part.geometry, hasActivation: part.epilogue.activation != nil)
        return context.algorithms.algorithm(for: problem).lower(problem, part, in: &self)
    }

    /// Calls `body` for each super-group, with channel slices of the tensors.
    ///
    /// - Parameters:
    ///   - input: x, or dx of a data gradient.
    ///   - output: y, or dy of gradients.
    private mutating func forEachPart(
        of node: Node, _ convolution: Convolution, input: ValueID, output: ValueID,
        _ body: (inout PlanBuilder, ConvolutionPart) -> Void
    ) {
        guard let packing = context.parameters.entries[convolution.weight.index].packing else { return }
        for group in 0..<packing.superGroups {
            var geometry = ConvolutionGeometry(
                convolution, input: graph[input].shape, output: graph[output].shape, isDepthwise: packing.isDepthwise)
            geometry.input.channels = packing.inputs / packing.superGroups
            geometry.output.channels = packing.superOutputs
            /// Returns this super-group's channels of a tensor.
            func slice(_ view: TensorView) -> TensorView {
                let channels = view.channels / packing.superGroups
                var slice = view
                slice.advance(by: group * channels)
                slice.channels = channels
                return slice
            }
            var epilogue = Epilogue(
                bias: convolution.bias.map { UnsafePointer(weights($0)) + group * packing.superOutputs },
                addend: node.addend.map { slice(view($0)) }, activation: activation(of: node))
            if let activated = epilogue.activation?.activated { epilogue.activation?.activated = slice(activated) }
            let part = ConvolutionPart(
                geometry: geometry, input: slice(view(input)),
                normalization: node.load.map { normalization($0, from: group * geometry.input.channels) },
                output: slice(view(output)), normGradient: node.gradientLoad.map(normGradient),
                epilogue: epilogue,
                weights: weights(convolution.weight) + group * packing.superStride,
                gradient: gradient(convolution.weight) + group * packing.superStride,
                weightCount: packing.superStride,
                firstInput: group * geometry.input.channels, firstOutput: group * packing.superOutputs)
            body(&self, part)
        }
    }

    /// Returns the epilogue of a node.
    func activation(of node: Node) -> FusedActivation? {
        node.activation.map { FusedActivation(function: $0.nonlinearity, activated: node.activated.map(view)) }
    }

    private mutating func lowerBiasGradient(_ dy: TensorView, _ bias: ParameterID) {
        let shards = context.batch.shards
        let storage = context.parameters.entries[bias.index].storage
        let partials = shards == 1 ? gradient(bias) : workspace.partials
        if shards > 1 { workspace.needPartials(shards * storage) }
        call(
            context.kernels.biasGradient,
            BiasGradientArguments(
                batch: context.batch, outputGradient: dy, partials: partials, partialStride: storage),
            tasks: shards)
        if shards > 1 { emitTreeSum(partials, stride: storage, to: gradient(bias), count: storage) }
    }

    /// Appends the call that adds up the shards' parts of a gradient.
    mutating func emitTreeSum(
        _ partials: UnsafeMutablePointer<Float>, stride: Int, to target: UnsafeMutablePointer<Float>, count: Int
    ) {
        let chunk = 16_384
        call(
            context.kernels.treeSum,
            TreeSumArguments(
                partials: partials, partialStride: stride, shards: context.batch.shards, destination: target,
                count: count, chunk: chunk),
            tasks: (count + chunk - 1) / chunk)
    }
}

extension Activation {
    /// The activation as kernels name it.
    fileprivate var nonlinearity: Nonlinearity {
        switch self {
        case .relu: .relu
        case .relu6: .relu6
        case .sigmoid: .sigmoid
        case .tanh: .tanh
        case .gelu: .gelu
        }
    }
}
