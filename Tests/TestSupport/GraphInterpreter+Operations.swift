import Graphs
import Kernels
import Tensors

extension Graphs.Operation {
    var isBackward: Bool {
        switch self {
        case .convolutionDataGradient, .convolutionWeightGradient, .batchNormGradient, .gradientSums, .normShift,
            .residualGradient,
            .activationGradient, .scaleGradient,
            .localResponseNormalizationGradient,
            .maxPoolGradient, .averagePoolGradient, .adaptiveAveragePoolGradient, .dropoutGradient,
            .softmaxCrossEntropyGradient:
            true
        case .convolution, .batchNorm, .normalize, .moments, .allReduce, .activation, .scale,
            .localResponseNormalization, .maxPool,
            .averagePool, .adaptiveAveragePool, .concatenate, .slice, .add, .dropout, .softmaxCrossEntropy:
            false
        }
    }
}

// MARK: - Forward

extension Run {
    mutating func forward(_ operation: Graphs.Operation, _ inputs: [Reference.Maps], shape: Shape?) -> Reference.Maps? {
        let x = inputs[0]
        switch operation {
        case .convolution(let layer):
            return Reference.convolution(
                x, weight: filters(layer, inputs: x.shape.channels), bias: layer.bias.map { self[$0] },
                stride: layer.stride, padding: layer.padding, groups: layer.groups)
        case .batchNorm(let norm): return batchNorm(norm, x, identity: norm.addsIdentity ? inputs[1] : nil)
        case .normalize(let norm): return normalised(norm, x, identity: norm.addsIdentity ? inputs[1] : nil)
        case .activation(let activation): return Reference.activation(activation, x)
        case .scale(let factor): return Reference.scale(x, by: Double(factor))
        case .localResponseNormalization(let size, let alpha, let beta, let k):
            return Reference.localResponseNormalization(
                x, size: size, alpha: Double(alpha), beta: Double(beta), k: Double(k))
        case .maxPool(let window):
            return Reference.maxPool(
                x, kernel: window.kernel, stride: window.stride, padding: window.padding, ceilMode: window.ceilMode)
        case .averagePool(let window):
            return Reference.averagePool(
                x, kernel: window.kernel, stride: window.stride, padding: window.padding, ceilMode: window.ceilMode)
        case .adaptiveAveragePool:
            return shape.map { Reference.adaptiveAveragePool(x, height: $0.height, width: $0.width) }
        case .concatenate: return Reference.concatenate(inputs)
        case .slice(let offset): return shape.map { Reference.slice(x, offset: offset, channels: $0.channels) }
        case .add: return Reference.add(x, inputs[1])
        case .dropout(let rate, let index): return dropout(x, rate: rate, index: index)
        case .softmaxCrossEntropy(let weight):
            let losses = Reference.softmaxCrossEntropy(x, targets: targets, weight: Double(weight))
            outcome.loss += losses.reduce(0, +) / Double(labels.count)
            // This is asked for where a pass has made the gradient part of the loss.
            return shape.map { _ in
                Reference.softmaxCrossEntropyGradient(
                    x, targets: targets, weight: Double(weight), batchSamples: labels.count)
            }
        default: preconditionFailure("\(operation) is no forward operation")
        }
    }

    /// Returns the weights of `layer`, which reads `inputs` channels.
    func filters(_ layer: Convolution, inputs: Int) -> Reference.Filters {
        let inputs = inputs / layer.groups
        let values = self[layer.weight]
        let outputs = values.count / (inputs * layer.kernelHeight * layer.kernelWidth)
        return Reference.Filters(
            outputs: outputs, inputs: inputs, height: layer.kernelHeight, width: layer.kernelWidth, values: values)
    }

    private mutating func batchNorm(
        _ norm: BatchNorm, _ x: Reference.Maps, identity: Reference.Maps?
    ) -> Reference.Maps {
        let running = Reference.Moments(mean: self[norm.runningMean], variance: self[norm.runningVariance])
        var used = running
        if graph.purpose == .training {
            used = Reference.moments(x)
            let tracked = Reference.tracked(
                running, with: used, count: x.samples * x.shape.pixels, momentum: Double(norm.momentum))
            outcome.parameters[norm.runningMean.index] = tracked.mean
            outcome.parameters[norm.runningVariance.index] = tracked.variance
            outcome.parameters[norm.batchesTracked.index][0] += 1
        }
        moments[norm.index] = used
        return normalised(norm, x, identity: identity)
    }

    /// Returns the batch norm of `x` by the moments of the forward pass, identity and activation included.
    private func normalised(_ norm: BatchNorm, _ x: Reference.Maps, identity: Reference.Maps?) -> Reference.Maps {
        guard let moments = moments[norm.index] else {
            preconditionFailure("batch norm \(norm.index) is read before its moments are known")
        }
        let normalised = normalised(norm, x, moments)
        let sum = identity.map { Reference.add(normalised, $0) } ?? normalised
        return norm.activation.map { Reference.activation($0, sum) } ?? sum
    }

    /// Returns `x` as its reader sees it, which normalises it while it reads.
    func loaded(_ norm: BatchNorm, _ x: Reference.Maps) -> Reference.Maps { normalised(norm, x, identity: nil) }

    private func normalised(_ norm: BatchNorm, _ x: Reference.Maps, _ moments: Reference.Moments) -> Reference.Maps {
        Reference.batchNorm(
            x, moments: moments, weight: self[norm.weight], bias: self[norm.bias], epsilon: Double(norm.epsilon))
    }

    func dropout(_ x: Reference.Maps, rate: Float, index: Int) -> Reference.Maps {
        let mask = (0..<x.samples).flatMap { sample in
            (0..<x.shape.count).map { element in isKept(index, sample, element) }
        }
        return Reference.dropout(x, isKept: mask, rate: Double(rate))
    }
}

// MARK: - Backward

extension Run {
    mutating func backward(
        _ operation: Graphs.Operation, _ inputs: [Reference.Maps], shape: Shape?
    ) -> Reference.Maps? {
        // dy comes last.
        let (x, dy) = (inputs[0], inputs[inputs.count - 1])
        switch operation {
        case .convolutionDataGradient(let layer):
            return shape.map {
                Reference.convolutionDataGradient(
                    dy, weight: filters(layer, inputs: $0.channels), stride: layer.stride, padding: layer.padding,
                    groups: layer.groups, shape: $0)
            }
        case .convolutionWeightGradient(let layer):
            let gradient = Reference.convolutionWeightGradient(
                x, dy, height: layer.kernelHeight, width: layer.kernelWidth, stride: layer.stride,
                padding: layer.padding, groups: layer.groups)
            accumulate(gradient.weight.values, to: layer.weight)
            if let bias = layer.bias { accumulate(gradient.bias, to: bias, terms: dy) }
            return nil
        case .batchNormGradient(let norm):
            return shifts[norm.index] == nil ? batchNormGradient(norm, x, dy) : nil
        case .normShift(let parts): return shifted(dy, parts)
        // The batch norm's gradients of weight and bias are computed with its `batchNormGradient` here, from the same
        // numbers.
        case .residualGradient(let norm):
            return norm.activation.map { Reference.activationGradient($0, y: inputs[1], dy) }
        case .activationGradient(let activation): return Reference.activationGradient(activation, y: x, dy)
        case .scaleGradient(let factor): return Reference.scale(dy, by: Double(factor))
        case .localResponseNormalizationGradient(let size, let alpha, let beta, let k):
            return Reference.localResponseNormalizationGradient(
                x, dy, size: size, alpha: Double(alpha), beta: Double(beta), k: Double(k))
        case .maxPoolGradient(let window):
            return Reference.maxPoolGradient(
                x, dy, kernel: window.kernel, stride: window.stride, padding: window.padding)
        case .averagePoolGradient(let window):
            return shape.map {
                Reference.averagePoolGradient(
                    dy, kernel: window.kernel, stride: window.stride, padding: window.padding, shape: $0)
            }
        case .adaptiveAveragePoolGradient:
            return shape.map { Reference.adaptiveAveragePoolGradient(dy, shape: $0) }
        case .dropoutGradient(let rate, let index): return dropout(dy, rate: rate, index: index)
        case .softmaxCrossEntropyGradient(let weight):
            return Reference.softmaxCrossEntropyGradient(
                x, targets: targets, weight: Double(weight), batchSamples: labels.count)
        default: preconditionFailure("\(operation) is no backward operation")
        }
    }

    /// Returns dx plus the deferred affine terms of these batch norms.
    private func shifted(_ dx: Reference.Maps, _ parts: [NormPart]) -> Reference.Maps {
        parts.reduce(dx) { sum, part in
            guard let shift = shifts[part.norm] else { preconditionFailure("batch norm \(part.norm) has no shift") }
            return Reference.add(sum, Reference.slice(shift, offset: part.firstChannel, channels: dx.shape.channels))
        }
    }

    mutating func batchNormGradient(
        _ norm: BatchNorm, _ x: Reference.Maps, _ dy: Reference.Maps
    ) -> Reference.Maps {
        guard let moments = moments[norm.index] else {
            preconditionFailure("batch norm \(norm.index) runs backward before forward")
        }
        var dy = dy
        if let activation = norm.activation, !norm.addsIdentity {
            let y = Reference.activation(activation, normalised(norm, x, moments))
            dy = Reference.activationGradient(activation, y: y, dy)
        }
        let gradient = Reference.batchNormGradient(
            x, dy, moments: moments, weight: self[norm.weight], epsilon: Double(norm.epsilon))
        var terms = Reference.batchNorm(
            x, moments: moments, weight: moments.mean.map { _ in 1 }, bias: moments.mean.map { _ in 0 },
            epsilon: Double(norm.epsilon))
        for place in terms.values.indices { terms.values[place] *= dy.values[place] }
        accumulate(gradient.weight, to: norm.weight, terms: terms)
        accumulate(gradient.bias, to: norm.bias, terms: dy)
        guard norm.defersShift else { return gradient.x }
        shifts[norm.index] = gradient.shift
        return gradient.scaled
    }
}

// MARK: - Activations

extension Reference {
    static func activation(_ activation: Activation, _ x: Maps) -> Maps {
        switch activation {
        case .relu: relu(x)
        case .relu6: relu6(x)
        case .sigmoid: sigmoid(x)
        case .tanh: tanh(x)
        case .gelu: gelu(x)
        }
    }

    static func activationGradient(_ activation: Activation, y: Maps, _ dy: Maps) -> Maps {
        switch activation {
        case .relu: reluGradient(y: y, dy)
        case .relu6: relu6Gradient(y: y, dy)
        case .sigmoid: sigmoidGradient(y: y, dy)
        case .tanh: tanhGradient(y: y, dy)
        case .gelu: geluGradient(x: y, dy)
        }
    }
}
