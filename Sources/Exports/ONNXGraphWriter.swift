import Checkpoints
import Graphs
import Networks
import SwiftProtobuf
import Tensors

/// Turns a graph's nodes into ONNX's, one after the other.
struct ONNXGraphWriter {
    let graph: Graph
    /// The batch norms that are folded into weights, by the index of the convolution's node.
    let folding: [Int: FoldableNorm]
    private let tensors: [String: NamedTensor]
    private let foldedNodes: Set<Int>

    private(set) var nodes: [ONNXNodeProto] = []
    private(set) var initializers: [ONNXTensorProto] = []
    /// The file's tensors for the graph's values that have been written so far.
    private var written: [ValueID: Tensor] = [:]
    private var takenNames: Set<String>
    /// The names of numbers that are initializers already.
    private var constants: [Constant: String] = [:]

    private struct Constant: Hashable {
        let name: String
        let bits: UInt32
    }

    /// A tensor of the file.
    struct Tensor {
        let name: String
        /// [N, features] instead of [N, channels, height, width].
        let isVector: Bool
    }

    init(graph: Graph, tensors: [NamedTensor], folding: [Int: FoldableNorm]) {
        self.graph = graph
        self.folding = folding
        self.tensors = Dictionary(tensors.map { ($0.name, $0) }) { first, _ in first }
        foldedNodes = Set(folding.values.map(\.node))
        takenNames = Set(graph.parameters.map(\.name))
        takenNames.formUnion([ONNXExport.inputName, ONNXExport.outputName])
        written[graph.input] = Tensor(name: ONNXExport.inputName, isVector: false)
    }

    /// Writes the transform of images before the first node, as a product and a sum.
    mutating func writeInputTransform() {
        guard let transform = graph.inputTransform else { return }
        let parts: [(operation: String, name: String, values: [Float])] = [
            ("Mul", "scale", transform.scales), ("Add", "shift", transform.shifts),
        ]
        for (operation, name, values) in parts {
            let (constant, result) = (
                unique("transform_input.\(name)"), unique("transform_input.\(operation.lowercased())")
            )
            add(constant, shape: [1, values.count, 1, 1], values: values)
            append(operation, inputs: [tensor(graph.input).name, constant], to: result)
            written[graph.input] = Tensor(name: result, isVector: false)
        }
    }

    /// Writes node `index` of the graph, after all nodes before it.
    mutating func write(_ index: Int) throws(ExportError) {
        if foldedNodes.contains(index) { return }
        let node = graph.nodes[index]
        precondition(node.addend == nil, "\(node.layer) adds to its output, which only gradients do")
        switch node.operation {
        case .convolution(let convolution):
            if graph[convolution.weight].role == .linearWeight {
                try writeLinear(convolution, node, norm: folding[index])
            } else {
                try writeConvolution(convolution, node, norm: folding[index])
            }
        case .batchNorm(let norm):
            let inputs = try addInitializers([norm.weight, norm.bias, norm.runningMean, norm.runningVariance])
            append("BatchNormalization", node, more: inputs, [ONNXAttributeProto("epsilon", norm.epsilon)])
        case .activation(.relu): append("Relu", node)
        case .activation(.relu6): append("Clip", node, more: [constant("relu6.min", 0), constant("relu6.max", 6)])
        case .activation(.sigmoid): append("Sigmoid", node)
        case .activation(.tanh): append("Tanh", node)
        case .activation(.gelu): writeGELU(node)
        case .scale(let factor): append("Mul", node, more: [constant("scale.factor", factor)])
        case .localResponseNormalization(let size, let alpha, let beta, let k):
            try writeResponseNormalization(node, size: size, alpha: alpha, beta: beta, k: k)
        case .maxPool(let pooling): append("MaxPool", node, window(pooling, node))
        case .averagePool(let pooling):
            append("AveragePool", node, window(pooling, node) + [ONNXAttributeProto("count_include_pad", 1)])
        case .adaptiveAveragePool: try writeAdaptivePool(node)
        case .concatenate: append("Concat", node, [ONNXAttributeProto("axis", 1)])
        case .add: append("Add", node)
        default:
            throw .inexpressible(
                layer: node.layer, reason: "it is not a layer of inference", remedy: "Export another model.")
        }
    }

    /// Returns the graph without its inputs and outputs, once all nodes are written.
    mutating func finished(name: String) -> ONNXGraphProto {
        let logits = tensor(graph.logits)
        if logits.name != ONNXExport.outputName {
            appendFlatten(logits.name, to: ONNXExport.outputName)
        }
        return .with { [nodes, initializers] in
            $0.name = name
            $0.node = nodes
            $0.initializer = initializers
        }
    }
}

// MARK: - Operators

extension ONNXGraphWriter {
    private mutating func writeConvolution(
        _ convolution: Convolution, _ node: Node, norm: FoldableNorm?
    ) throws(ExportError) {
        let parameters = try parameters(of: convolution, norm: norm)
        let kernel = (convolution.kernelHeight, convolution.kernelWidth)
        let window: [ONNXAttributeProto] = .window(
            kernel: kernel, stride: convolution.stride, padding: convolution.padding)
        append(
            "Conv", node, more: parameters, window + [ONNXAttributeProto("group", convolution.groups)],
            output: norm?.output)
    }

    private mutating func writeLinear(
        _ layer: Convolution, _ node: Node, norm: FoldableNorm?
    ) throws(ExportError) {
        var x = tensor(node.inputs[0])
        if !x.isVector {
            let flat = unique("flatten")
            appendFlatten(x.name, to: flat)
            x = Tensor(name: flat, isVector: true)
        }
        let parameters = try parameters(of: layer, norm: norm)
        append("Gemm", node, inputs: [x], more: parameters, [ONNXAttributeProto("transB", 1)], output: norm?.output)
    }

    /// Equal parts are a pool. ONNX has no pool of unequal ones, but their averages are linear in the map: from the
    /// left a matrix averages rows, from the right another averages columns.
    private mutating func writeAdaptivePool(_ node: Node) throws(ExportError) {
        let (x, y) = (graph[node.inputs[0]].shape, outputShape(node))
        let (rows, columns) = (x.height / y.height, x.width / y.width)
        if x == y, let output = node.output {
            written[output] = tensor(node.inputs[0])
        } else if y.pixels == 1 {
            append("GlobalAveragePool", node)
        } else if rows * y.height == x.height, columns * y.width == x.width, rows == columns {
            append("AveragePool", node, .window(kernel: (rows, columns), stride: rows, padding: 0))
        } else {
            let (left, right, between) = (
                unique(node.layer + ".rows"), unique(node.layer + ".columns"), unique(node.layer + ".averaged_rows")
            )
            let ofRows = Self.averages(from: x.height, to: y.height)
            let ofColumns = Self.averages(from: x.width, to: y.width)
            add(left, shape: [y.height, x.height], values: ofRows.flatMap { $0 })
            add(right, shape: [x.width, y.width], values: (0..<x.width).flatMap { w in ofColumns.map { $0[w] } })
            append("MatMul", inputs: [left, tensor(node.inputs[0]).name], to: between)
            append("MatMul", node, inputs: [Tensor(name: between, isVector: false)], more: [right], [], output: nil)
        }
    }

    /// Returns the weight of each of `extent` numbers in each of `parts` averages: [parts][extent]. Part i covers
    /// floor(i * extent / parts) ..< ceil((i + 1) * extent / parts).
    private static func averages(from extent: Int, to parts: Int) -> [[Float]] {
        (0..<parts).map { part in
            let covered = part * extent / parts..<((part + 1) * extent + parts - 1) / parts
            return (0..<extent).map { covered.contains($0) ? 1 / Float(covered.count) : 0 }
        }
    }

    /// x (1 + erf(x / sqrt 2)) / 2: opset 17 has no operator of its own.
    private mutating func writeGELU(_ node: Node) {
        let x = tensor(node.inputs[0]).name
        let (scaled, error, sum, product) = (
            unique(node.layer + ".scaled"), unique(node.layer + ".erf"), unique(node.layer + ".sum"),
            unique(node.layer + ".product")
        )
        append("Mul", inputs: [x, constant("gelu.root_half", Float(0.5).squareRoot())], to: scaled)
        append("Erf", inputs: [scaled], to: error)
        append("Add", inputs: [error, constant("gelu.one", 1)], to: sum)
        append("Mul", inputs: [x, sum], to: product)
        let isVector = tensor(node.inputs[0]).isVector
        append(
            "Mul", node, inputs: [Tensor(name: product, isVector: isVector)], more: [constant("gelu.half", 0.5)], [],
            output: nil)
    }

    /// Returns the name of an initializer that is one number, made where there is none of that name and value yet.
    private mutating func constant(_ name: String, _ value: Float) -> String {
        let key = Constant(name: name, bits: value.bitPattern)
        if let known = constants[key] { return known }
        let taken = unique(name)
        add(taken, shape: [], values: [value])
        constants[key] = taken
        return taken
    }

    private mutating func writeResponseNormalization(
        _ node: Node, size: Int, alpha: Float, beta: Float, k: Float
    ) throws(ExportError) {
        // For an even number of neighbours, ONNX takes the extra one after the channel, PyTorch before.
        guard !size.isMultiple(of: 2) else {
            throw .inexpressible(
                layer: node.layer, reason: "it sums over \(size) channels, an even number",
                remedy: "Export a model with an odd one.")
        }
        append(
            "LRN", node,
            [
                ONNXAttributeProto("size", size), ONNXAttributeProto("alpha", alpha), ONNXAttributeProto("beta", beta),
                ONNXAttributeProto("bias", k),
            ])
    }

    /// Returns the attributes of a pooling window. In ceil mode a last window may end outside, but it must begin inside
    /// or in the padding before. Runtimes differ about other windows, so ceil mode is set only where it adds a window.
    private func window(_ pooling: Pooling, _ node: Node) -> [ONNXAttributeProto] {
        let kernel = (pooling.kernel, pooling.kernel)
        let window: [ONNXAttributeProto] = .window(kernel: kernel, stride: pooling.stride, padding: pooling.padding)
        let x = graph[node.inputs[0]].shape
        let whole = (x.height + 2 * pooling.padding - pooling.kernel) / pooling.stride + 1
        return outputShape(node).height > whole ? window + [ONNXAttributeProto("ceil_mode", 1)] : window
    }
}

// MARK: - Parameters

extension ONNXGraphWriter {
    /// Makes initializers of the layer's weight and bias, with the following batch norm folded in, and returns their
    /// names.
    private mutating func parameters(
        of layer: Convolution, norm: FoldableNorm?
    ) throws(ExportError) -> [String] {
        guard let norm = norm?.norm else {
            return try addInitializers([layer.weight] + (layer.bias.map { [$0] } ?? []))
        }
        let affine = AffineNorm(
            weight: try values(of: norm.weight), bias: try values(of: norm.bias),
            mean: try values(of: norm.runningMean), variance: try values(of: norm.runningVariance),
            epsilon: norm.epsilon)
        let weight = graph[layer.weight]
        add(weight.name, shape: weight.shape, values: affine.folded(weights: try values(of: layer.weight)))
        let ownBias = if let id = layer.bias { try values(of: id) } else { [Float]?.none }
        let bias = affine.folded(bias: ownBias)
        // A layer without a bias of its own gets the batch norm's, under the name that its own would have.
        let name = layer.bias.map { graph[$0].name } ?? unique(weight.name.dropLast("weight".count) + "bias")
        add(name, shape: [bias.count], values: bias)
        return [weight.name, name]
    }

    /// Makes the parameters initializers and returns their names.
    private mutating func addInitializers(_ ids: [ParameterID]) throws(ExportError) -> [String] {
        for id in ids {
            add(graph[id].name, shape: graph[id].shape, values: try values(of: id))
        }
        return ids.map { graph[$0].name }
    }

    private mutating func add(_ name: String, shape: [Int], values: [Float]) {
        initializers.append(ONNXTensorProto(name, shape: shape, values: values))
    }

    private func values(of id: ParameterID) throws(ExportError) -> [Float] {
        let parameter = graph[id]
        guard let tensor = tensors[parameter.name] else {
            throw .noTensor(name: parameter.name, expected: parameter.shape)
        }
        guard let values = tensor.floats, tensor.shape == parameter.shape else {
            throw .otherTensor(
                name: parameter.name, found: tensor.floats == nil ? nil : tensor.shape, expected: parameter.shape)
        }
        return values
    }
}

// MARK: - Nodes and names

extension ONNXGraphWriter {
    private func tensor(_ value: ValueID) -> Tensor {
        guard let tensor = written[value] else { preconditionFailure("\(graph[value].name) is read before written") }
        return tensor
    }

    private func outputShape(_ node: Node) -> Shape {
        guard let output = node.output else { preconditionFailure("\(node.layer) has no output") }
        return graph[output].shape
    }

    /// Appends a node with the inputs of `node`, followed by `more`.
    private mutating func append(
        _ type: String, _ node: Node, more: [String] = [], _ attributes: [ONNXAttributeProto] = [],
        output: ValueID? = nil
    ) {
        append(type, node, inputs: node.inputs.map(tensor), more: more, attributes, output: output)
    }

    /// - Parameters:
    ///   - inputs: All maps or all vectors; the output is of the same kind.
    ///   - output: The value that the node writes, where it is not the output of `node`.
    private mutating func append(
        _ type: String, _ node: Node, inputs: [Tensor], more: [String], _ attributes: [ONNXAttributeProto],
        output: ValueID?
    ) {
        let isVector = inputs[0].isVector
        precondition(inputs.allSatisfy { $0.isVector == isVector }, "\(node.layer) mixes maps and vectors")
        guard let output = output ?? node.output else { preconditionFailure("\(node.layer) has no output") }
        let name = output == graph.logits && isVector ? ONNXExport.outputName : unique(graph[output].name)
        written[output] = Tensor(name: name, isVector: isVector)
        append(type, inputs: inputs.map(\.name) + more, to: name, attributes)
    }

    /// [N, channels, height, width] to [N, features], numbered as PyTorch does.
    private mutating func appendFlatten(_ input: String, to output: String) {
        append("Flatten", inputs: [input], to: output, [ONNXAttributeProto("axis", 1)])
    }

    /// Appends a node under the name of its output.
    private mutating func append(
        _ type: String, inputs: [String], to output: String, _ attributes: [ONNXAttributeProto] = []
    ) {
        nodes.append(
            .with {
                $0.opType = type
                $0.name = output
                $0.input = inputs
                $0.output = [output]
                $0.attribute = attributes
            })
    }

    /// Returns `name`, or `name_2` and so on where it is taken: tensors and initializers share their names.
    private mutating func unique(_ name: String) -> String {
        var candidate = name
        var count = 1
        while !takenNames.insert(candidate).inserted {
            count += 1
            candidate = "\(name)_\(count)"
        }
        return candidate
    }
}
