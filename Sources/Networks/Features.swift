/// The output of a layer, as a handle on which the next layer is called; networks are written with it.
///
/// A call appends a layer to the network and returns the handle of its output. Names are those of torch's modules:
/// inside `scope` a layer has its own name; inside `sequence` unnamed layers count from 0, as in an `nn.Sequential`.
/// Layers without a name elsewhere are functions in torch, such as `F.relu`, not modules.
package struct Features {
    private let builder: NetworkBuilder
    /// The layer's index in the network.
    let layer: Int
    /// Channels of the map; after `flatten`, of the map that was flattened.
    package let channels: Int

    init(builder: NetworkBuilder, layer: Int, channels: Int) {
        self.builder = builder
        self.layer = layer
        self.channels = channels
    }

    private func append(
        _ name: String?, else fallback: String, _ operation: Layer.Operation, channels: Int? = nil
    ) -> Features {
        builder.append(name, else: fallback, operation, inputs: [layer], channels: channels ?? self.channels)
    }
}

// MARK: - Layers

extension Features {
    /// Appends a convolution to `outputs` channels with a square kernel.
    ///
    /// - Parameters:
    ///   - groups: The number of equal parts of the channels of input and output: each part of the output reads its
    ///     part of the input.
    ///   - weight: The initial rule of its weight; nil for that of the network's other convolutions.
    ///   - learnsWeight: Whether training moves its weight.
    package func convolution(
        _ name: String? = nil, to outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, groups: Int = 1,
        bias: Bool = true, weight: InitialRule? = nil, learnsWeight: Bool = true
    ) -> Features {
        precondition(outputs > 0 && kernel > 0 && stride > 0 && padding >= 0, "convolution \(name ?? "")")
        precondition(
            groups > 0 && channels.isMultiple(of: groups) && outputs.isMultiple(of: groups),
            "convolution \(name ?? "") from \(channels) to \(outputs) channels in \(groups) groups")
        let rules = builder.initialization
        let convolution = Layer.Convolution(
            outputs: outputs, kernel: kernel, stride: stride, padding: padding, groups: groups,
            weight: weight ?? rules.convolutionWeight, bias: bias ? rules.convolutionBias : nil,
            learnsWeight: learnsWeight)
        return append(name, else: "conv", .convolution(convolution), channels: outputs)
    }

    /// Appends a linear layer at each pixel by itself: a 1x1 convolution that is initialised as a linear layer.
    package func pixelwiseLinear(_ name: String? = nil, to outputs: Int) -> Features {
        let rules = builder.initialization
        let convolution = Layer.Convolution(
            outputs: outputs, kernel: 1, stride: 1, padding: 0, groups: 1, weight: rules.linearWeight,
            bias: rules.linearBias)
        return append(name, else: "conv", .convolution(convolution), channels: outputs)
    }

    /// Appends a fully connected layer, after `flatten` or another one.
    package func linear(_ name: String? = nil, to outputs: Int, bias: Bool = true) -> Features {
        precondition(outputs > 0, "linear \(name ?? "")")
        let rules = builder.initialization
        let linear = Layer.Linear(
            outputs: outputs, weight: rules.linearWeight, bias: bias ? rules.linearBias : nil)
        return append(name, else: "linear", .linear(linear), channels: outputs)
    }

    /// Batch normalisation; the defaults are PyTorch's.
    package func batchNorm(
        _ name: String? = nil, epsilon: Float = 1e-5, momentum: Float = 0.1, initialWeight: Float = 1,
        learnsWeight: Bool = true
    ) -> Features {
        let norm = Layer.BatchNorm(
            epsilon: epsilon, momentum: momentum, initialWeight: initialWeight, learnsWeight: learnsWeight)
        return append(name, else: "norm", .batchNorm(norm))
    }

    package func relu(_ name: String? = nil) -> Features { append(name, else: "relu", .relu) }

    package func relu6(_ name: String? = nil) -> Features { append(name, else: "relu6", .relu6) }

    package func sigmoid(_ name: String? = nil) -> Features { append(name, else: "sigmoid", .sigmoid) }

    package func tanh(_ name: String? = nil) -> Features { append(name, else: "tanh", .tanh) }

    package func gelu(_ name: String? = nil) -> Features { append(name, else: "gelu", .gelu) }

    /// Multiplies each number by `factor`. It has no module in torch.
    package func scaled(by factor: Float) -> Features { append(nil, else: "scale", .scale(factor)) }

    /// Local response normalisation over `size` channels; alpha counts for their mean, not their sum.
    package func localResponseNormalization(
        _ name: String? = nil, size: Int, alpha: Float = 1e-4, beta: Float = 0.75, k: Float = 1
    ) -> Features {
        precondition(size > 0, "a norm over \(size) channels")
        let norm = Layer.LocalResponseNormalization(size: size, alpha: alpha, beta: beta, k: k)
        return append(name, else: "norm", .localResponseNormalization(norm))
    }

    /// Takes the maximum of each window. The stride is that of the kernel by default; `padding` is at most half the
    /// kernel.
    package func maxPool(
        _ name: String? = nil, kernel: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false
    ) -> Features {
        let window = checkedWindow(kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
        return append(name, else: "maxpool", .maxPool(window))
    }

    /// Takes the average of each window, padding counted as zeros.
    package func averagePool(
        _ name: String? = nil, kernel: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false
    ) -> Features {
        let window = checkedWindow(kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
        return append(name, else: "avgpool", .averagePool(window))
    }

    /// Averages to a map of `size` x `size` pixels.
    package func adaptiveAveragePool(_ name: String? = nil, to size: Int) -> Features {
        precondition(size > 0, "a map of \(size) pixels")
        return append(name, else: "avgpool", .adaptiveAveragePool(height: size, width: size))
    }

    /// Zeroes numbers with probability `rate`, in 0..<1, while training.
    package func dropout(_ name: String? = nil, rate: Float) -> Features {
        precondition(rate >= 0 && rate < 1, "dropout at rate \(rate)")
        return append(name, else: "dropout", .dropout(rate: rate))
    }

    package func flatten(_ name: String? = nil) -> Features { append(name, else: "flatten", .flatten) }

    private func checkedWindow(kernel: Int, stride: Int?, padding: Int, ceilMode: Bool) -> Layer.Window {
        let stride = stride ?? kernel
        precondition(
            kernel > 0 && stride > 0 && padding >= 0 && padding <= kernel / 2,
            "a window of \(kernel) with stride \(stride) and padding \(padding)")
        return Layer.Window(kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
    }
}

// MARK: - Joints

extension Features {
    /// Adds two maps of one shape. It has no module in torch; its name is for people.
    package func add(_ other: Features) -> Features {
        builder.appendJoint("add", .add, inputs: [layer, other.layer], channels: channels)
    }

    /// Concatenates these channels and those of `others`. It has no module in torch; its name is for people.
    package func concatenate(_ others: Features...) -> Features {
        builder.appendJoint(
            "concatenate", .concatenate, inputs: [layer] + others.map(\.layer),
            channels: others.reduce(channels) { $0 + $1.channels })
    }

    /// Declares these to be further logits, whose loss training adds with `weight`. (Szegedy et al., "Going Deeper with
    /// Convolutions", 2015, section 5.)
    package func auxiliaryHead(weight: Float) {
        builder.auxiliaryHeads.append(Network.Head(layer: layer, weight: weight))
    }
}

// MARK: - Names

extension Features {
    /// Names the layers within `body` `name.` and their own names.
    ///
    /// - Parameter name: nil takes the next number of the enclosing sequence.
    package func scope(_ name: String? = nil, _ body: (Features) -> Features) -> Features {
        builder.scope(name, isNumbered: false) { body(self) }
    }

    /// Numbers the unnamed layers within `body` from 0; joints do not count.
    ///
    /// - Parameter name: nil takes the next number of the enclosing sequence; "" adds nothing to names, for a network
    ///   that is itself an `nn.Sequential`.
    package func sequence(_ name: String? = nil, _ body: (Features) -> Features) -> Features {
        builder.scope(name, isNumbered: true) { body(self) }
    }
}
