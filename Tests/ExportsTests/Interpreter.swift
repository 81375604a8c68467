@testable import Exports

/// Runs an ONNX model of convolutions without groups, linear layers, norms, ReLUs, sums and global averages in Double,
/// on one sample: the operators' definitions, word by word.
struct Interpreter {
    struct Tensor {
        /// Without the batch: [channels, height, width], or [features].
        var shape: [Int]
        var values: [Double]
    }

    let model: ONNXModelProto
    /// Whether all numbers are replaced by their magnitudes and nothing is cut off: what comes out is a bound of the
    /// sum of the magnitudes of all terms, which rounding errors are relative to.
    var takesMagnitudes = false

    func logits(_ image: [Double]) -> [Double] {
        let shape = model.graph.input[0].type.tensorType.shape.dim.dropFirst().map { Int($0.dimValue) }
        var values = [
            "input": Tensor(shape: shape, values: image.map(signed))
        ]
        for tensor in model.graph.initializer {
            values[tensor.name] = Tensor(shape: tensor.dims.map(Int.init), values: tensor.floatData.map(Double.init))
        }
        for node in model.graph.node {
            values[node.output[0]] = run(node, node.input.compactMap { values[$0] })
        }
        return values["logits"]?.values ?? []
    }

    private func signed(_ number: Double) -> Double { takesMagnitudes ? abs(number) : number }

    private func run(_ node: ONNXNodeProto, _ inputs: [Tensor]) -> Tensor {
        let x = inputs[0]
        switch node.opType {
        case "Conv": return convolution(node, x, inputs[1], bias: inputs.count > 2 ? inputs[2] : nil)
        case "Gemm": return linear(x, inputs[1], bias: inputs[2])
        case "BatchNormalization": return norm(node, x, inputs)
        case "Relu": return Tensor(shape: x.shape, values: x.values.map { max($0, 0) })
        case "Add": return Tensor(shape: x.shape, values: zip(x.values, inputs[1].values).map(+))
        case "Flatten": return Tensor(shape: [x.values.count], values: x.values)
        case "GlobalAveragePool":
            let pixels = x.shape[1] * x.shape[2]
            let means = (0..<x.shape[0]).map { channel in
                x.values[channel * pixels..<(channel + 1) * pixels].reduce(0, +) / Double(pixels)
            }
            return Tensor(shape: [x.shape[0], 1, 1], values: means)
        default: preconditionFailure("no \(node.opType) here")
        }
    }

    private func convolution(_ node: ONNXNodeProto, _ x: Tensor, _ weight: Tensor, bias: Tensor?) -> Tensor {
        func attribute(_ name: String) -> Int {
            let attribute = node.attribute.first { $0.name == name }
            return Int(attribute?.ints.first ?? attribute?.i ?? 0)
        }
        let (stride, padding) = (attribute("strides"), attribute("pads"))
        precondition(attribute("group") == 1)
        let (height, width, kernel) = (x.shape[1], x.shape[2], weight.shape[2])
        let (rows, columns) = (
            (height + 2 * padding - kernel) / stride + 1, (width + 2 * padding - kernel) / stride + 1
        )
        var y = Tensor(shape: [weight.shape[0], rows, columns], values: [])
        for k in 0..<weight.shape[0] {
            for p in 0..<rows {
                for q in 0..<columns {
                    var sum = signed(bias?.values[k] ?? 0)
                    for c in 0..<weight.shape[1] {
                        for r in 0..<kernel {
                            for s in 0..<kernel {
                                let (h, w) = (p * stride - padding + r, q * stride - padding + s)
                                guard h >= 0, h < height, w >= 0, w < width else { continue }
                                let tap = ((k * weight.shape[1] + c) * kernel + r) * kernel + s
                                sum += signed(weight.values[tap]) * x.values[(c * height + h) * width + w]
                            }
                        }
                    }
                    y.values.append(sum)
                }
            }
        }
        return y
    }

    private func linear(_ x: Tensor, _ weight: Tensor, bias: Tensor) -> Tensor {
        let inputs = weight.shape[1]
        let sums = (0..<weight.shape[0]).map { k in
            (0..<inputs).reduce(signed(bias.values[k])) { $0 + signed(weight.values[k * inputs + $1]) * x.values[$1] }
        }
        return Tensor(shape: [weight.shape[0]], values: sums)
    }

    private func norm(_ node: ONNXNodeProto, _ x: Tensor, _ inputs: [Tensor]) -> Tensor {
        let epsilon = Double(node.attribute.first { $0.name == "epsilon" }?.f ?? 1e-5)
        let pixels = x.values.count / x.shape[0]
        let values = x.values.indices.map { index in
            let channel = index / pixels
            let scale = signed(inputs[1].values[channel]) / (inputs[4].values[channel] + epsilon).squareRoot()
            let mean = takesMagnitudes ? -abs(inputs[3].values[channel]) : inputs[3].values[channel]
            return scale * (x.values[index] - mean) + signed(inputs[2].values[channel])
        }
        return Tensor(shape: x.shape, values: values)
    }
}
