package import Networks
package import Tensors

/// A network at one input shape, ready to be compiled: the shapes of all values are known, and for training it includes
/// the backward pass.
///
/// Nodes are in execution order and in single assignment: each value is written by one node. A graph cannot be
/// executed; the engine compiles it into an execution plan.
package struct Graph: Sendable {
    /// The use of a graph; only a training graph has losses and a backward pass.
    package enum Purpose: Sendable { case training, evaluation }

    package let purpose: Purpose
    /// The values, which `ValueID.index` indexes.
    package internal(set) var values: [Value]
    /// Numbers by channel, which all samples share; `ChannelValueID.index` indexes this list. Empty before
    /// `applying(_:)`.
    package internal(set) var channelValues: [ChannelValue] = []
    /// All operations in execution order.
    package internal(set) var nodes: [Node]
    /// Parameters and buffers in canonical order: the order of torchvision's state_dict.
    package internal(set) var parameters: [ParameterSpecification]
    /// The images, height x width x channels.
    package internal(set) var input: ValueID
    /// The transform of images before they are `input`; nil where the network takes them as they are.
    package internal(set) var inputTransform: InputTransform?
    /// The main head's logits.
    package internal(set) var logits: ValueID
    /// The gradients by value, summed over the value's consumers; empty in evaluation. The images, and values that
    /// depend on no parameter, have none.
    package internal(set) var gradients: [ValueID: ValueID] = [:]
    /// Values that are read after a run, as the logits are: nothing is written over them.
    package var kept: Set<ValueID> = []
}

extension Graph {
    package subscript(id: ValueID) -> Value { values[id.index] }
    package subscript(id: ParameterID) -> ParameterSpecification { parameters[id.index] }
}

/// Names a value of a graph.
package struct ValueID: Hashable, Sendable {
    package let index: Int
    package init(index: Int) { self.index = index }
}

/// Names numbers by channel of a graph.
package struct ChannelValueID: Hashable, Sendable {
    package let index: Int
}

/// Names a parameter or buffer of a graph.
package struct ParameterID: Hashable, Sendable {
    package let index: Int
    package init(index: Int) { self.index = index }
}

/// A tensor of a graph: a feature map for each sample.
package struct Value: Sendable {
    package var shape: Shape
    /// The layer that made it, for messages and profiles; a gradient's begins with `d `.
    package var name: String
}

/// Numbers by channel that all samples share: sums over samples and pixels, or what a batch norm computes from them.
package struct ChannelValue: Sendable {
    package var channels: Int
    package var name: String
}

/// One operation of a graph: output = operation(inputs) [+ addend].
package struct Node: Sendable {
    package var operation: Operation
    package var inputs: [ValueID]
    /// The value written; nil for operations that only produce parameter gradients or the loss.
    package var output: ValueID?
    /// A value of the output's shape that is added to it: how a value with several consumers sums its gradients.
    package var addend: ValueID?
    /// The batch norm, with its activation, that its `loadedInput` goes through when it is read. The batch norm's own
    /// node comes before and has no output. Convolutions and their weight gradients have it, max pools and their
    /// gradients, and batch norms that add an identity.
    package var load: BatchNorm?
    /// The batch norm whose gradient is computed from the last input, dy, as it is read; for a convolution's gradients
    /// only. The batch norm gradient's own node comes before and has no output.
    package var gradientLoad: GradientLoad?
    /// The sums over its output that a convolution or its data gradient takes, in its epilogue where its tasks fit; its
    /// `channelOutput`.
    package var sums: OutputSums?
    /// The activation that the sum of operation and addend goes through. A data gradient goes through its gradient
    /// instead, which follows from `activated`: the activation's y, or of GELU its x.
    package var activation: Activation?
    package var activated: ValueID?
    /// The numbers by channel that it reads: for batch norms and their gradients all ranks' sums, the last ones.
    package var channelInputs: [ChannelValueID] = []
    /// The numbers by channel that it computes: sums, or what normalises and what a gradient is computed from.
    package var channelOutput: ChannelValueID?
    /// The layer it belongs to, as the network names it.
    package var layer: String

    package init(_ operation: Operation, inputs: [ValueID], output: ValueID?, layer: String) {
        self.operation = operation
        self.inputs = inputs
        self.output = output
        self.layer = layer
    }

    /// The index of the input that `load` is for: a residual block's identity, else the first.
    package var loadedInput: Int {
        switch operation {
        case .batchNorm(let norm) where norm.addsIdentity, .normalize(let norm) where norm.addsIdentity: 1
        default: 0
        }
    }

    /// The values that the node reads, once for each time.
    package var reads: [ValueID] { inputs + [addend, activated, gradientLoad?.x].compactMap { $0 } }
}

/// A batch norm's gradient that is computed as it is read.
package struct GradientLoad: Hashable, Sendable {
    package var norm: BatchNorm
    /// The batch norm's input.
    package var x: ValueID
}

/// The two sums over each channel of a node's output.
package enum OutputSums: Sendable {
    /// The sums of y and y².
    case moments
    /// The sums of dy and dy * (x - mean), for the batch norm whose output is y; dy is masked by its activation.
    case gradient(of: BatchNorm, x: ValueID)
    /// The sums of dz and dz * (x - mean), for a batch norm that adds an identity before its activation, with output y.
    /// dz is dy masked by the activation, and overwrites dy.
    case residualGradient(of: BatchNorm, x: ValueID, y: ValueID, dz: ValueID)
    /// The sums of `gradient`, of a node that writes not dy but the batch norm's dx without its deferred affine term,
    /// plus the addend.
    case scaledGradient(of: BatchNorm, x: ValueID)
}

/// The operation of a node. Backward operations follow the forward ones that they belong to.
///
/// x is an input, y an output, dx and dy the loss's gradients with respect to them.
package enum Operation: Sendable {
    /// [x] -> y. Linear layers are convolutions whose kernel covers the whole map.
    case convolution(Convolution)
    /// [dy] -> dx
    case convolutionDataGradient(Convolution)
    /// [x, dy] -> gradients of weight and bias
    case convolutionWeightGradient(Convolution)

    /// [x] -> y = weight * (x - mean) / sqrt(variance + epsilon) + bias. Training uses and tracks the batch's moments,
    /// evaluation the tracked ones. A node without an output only computes the moments. After `GraphPass`es also [x,
    /// identity] -> y + identity, and either's activation.
    case batchNorm(BatchNorm)
    /// [x] -> y, or [x, identity] -> y: the output of the same layer's `batchNorm` once more, from the moments that it
    /// left.
    case normalize(BatchNorm)
    /// [x] -> this rank's sums of x and x² over each channel, which moments come from.
    case moments
    /// [x, dy] -> this rank's sums of dy and dy * (x - mean) over each channel, dy masked by the batch norm's
    /// activation. The batch norm's gradients of weight and bias are computed with them.
    case gradientSums(BatchNorm)
    /// Sums of this rank -> those of all ranks.
    case allReduce
    /// [x, dy] -> dx, and gradients of weight and bias. Uses the moments that the forward pass of the same layer left.
    /// The mask of the batch norm's activation follows from x. Where an identity is added too, dy is the output of the
    /// layer's `residualGradient`. Where the affine term is deferred (`defersShift`), dx = scale * dy alone.
    case batchNormGradient(BatchNorm)
    /// [x, dx] -> dx + the deferred affine terms of these batch norms, (x - mean) * slope + offset each.
    case normShift([NormPart])
    /// [x, y, dy] -> dy masked by the activation of y = activation(norm(x) + identity): the gradient of both batch norm
    /// and identity. The batch norm's gradients of weight and bias are computed with it.
    case residualGradient(BatchNorm)

    /// [x] -> y
    case activation(Activation)
    /// [y, dy] -> dx, or [x, dy] -> dx where the activation's `gradientReadsInput`.
    case activationGradient(Activation)
    /// [x] -> x times the number
    case scale(Float)
    /// [dy] -> dx = dy times the number
    case scaleGradient(Float)

    /// [x] -> y, at each pixel by itself: y_c = x_c / d_c^beta, d_c = k + alpha / size * (sum of x_i^2 over those of
    /// the channels c - size / 2 ... c + (size - 1) / 2 that there are). (Krizhevsky et al., 2012, section 3.3; alpha
    /// is divided by size as PyTorch and Caffe do.)
    case localResponseNormalization(size: Int, alpha: Float, beta: Float, k: Float)
    /// [x, y, dy] -> dx: dx_c = dy_c / d_c^beta - 2 alpha beta / size * x_c * (sum of dy_i y_i / d_i over the channels
    /// i whose windows contain c: c - (size - 1) / 2 ... c + size / 2)
    case localResponseNormalizationGradient(size: Int, alpha: Float, beta: Float, k: Float)

    /// [x] -> y
    case maxPool(Pooling)
    /// [x, y, dy] -> dx; a window's gradient goes to the first of its maxima in row order.
    case maxPoolGradient(Pooling)
    /// [x] -> y; the average counts padding as zeros, as PyTorch's default does.
    case averagePool(Pooling)
    /// [dy] -> dx
    case averagePoolGradient(Pooling)
    /// [x] -> y of the output's height x width; window i covers floor(i*H/h)..<ceil((i+1)*H/h).
    case adaptiveAveragePool
    /// [dy] -> dx
    case adaptiveAveragePoolGradient

    /// [x0, x1, …] -> y, along channels
    case concatenate
    /// [x] -> channels `offset ..< offset + output.channels` of x: concatenation backwards
    case slice(offset: Int)
    /// [a, b] -> a + b. Its gradient is dy itself, for both.
    case add
    /// [x] -> y: each element zeroed with probability `rate`, the others divided by 1 - rate. `index` counts the
    /// network's dropout layers; the draw is a function of (seed, step, sample, index, element) alone.
    case dropout(rate: Float, index: Int)
    /// [dy] -> dx with the same draw
    case dropoutGradient(rate: Float, index: Int)

    /// [logits] -> loss of each sample, times `weight`. Only the head with weight 1 reports accuracy. After
    /// `GraphPass`es it may have an output, the gradient of the logits.
    case softmaxCrossEntropy(weight: Float)
    /// [logits] -> dlogits = (softmax - one-hot) * weight / samples of the global batch
    case softmaxCrossEntropyGradient(weight: Float)
}

/// A convolution: its window and its parameters.
///
/// Output channel o of K reads the C / groups input channels from floor(o / (K / groups)) * (C / groups) on; both C and
/// K are multiples of `groups`. The weight has the shape [K, C / groups, kernelHeight, kernelWidth].
package struct Convolution: Hashable, Sendable {
    package var kernelHeight: Int
    package var kernelWidth: Int
    package var stride = 1
    package var padding = 0
    /// The number of equal parts that input and output channels are cut into, each output reading its own part only; 1
    /// for a dense convolution.
    package var groups = 1
    package var weight: ParameterID
    package var bias: ParameterID?

    /// Whether each of its outputs is of one pixel's channels, all of them, and each pixel has one.
    package var isPointwise: Bool {
        kernelHeight == 1 && kernelWidth == 1 && stride == 1 && padding == 0 && groups == 1
    }
}

/// A pooling window. With `ceilMode`, the last window may start inside the input and end outside.
package struct Pooling: Hashable, Sendable {
    package var kernel: Int
    package var stride: Int
    package var padding: Int
    package var ceilMode: Bool
}

/// A batch normalisation and its parameters. (Ioffe & Szegedy, "Batch Normalization", 2015.)
package struct BatchNorm: Hashable, Sendable {
    package var epsilon: Float
    /// The share of the batch's moments that enters the running ones at a step, in 0...1.
    package var momentum: Float
    package var weight: ParameterID
    package var bias: ParameterID
    package var runningMean: ParameterID
    package var runningVariance: ParameterID
    package var batchesTracked: ParameterID
    /// The number of the batch norm in its network, by which its forward and backward nodes find their common memory.
    package var index: Int
    /// The activation that the results go through before they are written; nil for none.
    package var activation: Activation?
    /// Whether a second input is added to the results, before the activation: a residual block's identity.
    package var addsIdentity = false
    /// The values that its input is concatenated of, where a node `moments` has taken the sums of each; empty where the
    /// batch norm sums its input itself.
    package var parts: [ValueID] = []
    /// Whether its gradient leaves the affine term in x to a `normShift`.
    package var defersShift = false

    /// Whether its backward pass begins with a `residualGradient`.
    package var isResidual: Bool { activation != nil && addsIdentity }
}

/// The channels of a batch norm from `firstChannel` on, as many as the value has whose gradient they belong to.
package struct NormPart: Hashable, Sendable {
    /// The batch norm, by its `BatchNorm.index`.
    package var norm: Int
    package var firstChannel: Int
}

/// An activation, alone or as part of another operation.
package enum Activation: Hashable, Sendable {
    /// max(x, 0)
    case relu
    /// min(max(x, 0), 6)
    case relu6
    /// 1 / (1 + exp(-x))
    case sigmoid
    case tanh
    /// x Phi(x), Phi the normal distribution's cumulative function
    case gelu

    /// Whether dx follows from x and dy: dy * (Phi(x) + x phi(x)) of GELU, phi the normal distribution's density. Of
    /// the others it follows from y and dy.
    package var gradientReadsInput: Bool { self == .gelu }

    /// Whether it only clamps numbers: its gradient is a mask, which is cheap to compute again.
    package var isClamp: Bool { self == .relu || self == .relu6 }
}

/// A parameter or buffer as a state_dict knows it.
package struct ParameterSpecification: Hashable, Sendable {
    package enum Role: Hashable, Sendable {
        /// OIHW; with groups, I counts the channels of one group.
        case convolutionWeight
        /// [outputs, inputs]; the inputs of a map are numbered channel, row, column as torch flattens them.
        case linearWeight
        case bias
        case normWeight
        case normBias
        case runningMean
        case runningVariance
        /// A scalar of type int64.
        case batchesTracked
    }

    /// `features.conv0.weight`
    package var name: String
    /// Dimensions in torch's order.
    package var shape: [Int]
    package var role: Role
    /// The distribution of its values before the first step.
    package var initialValues: InitialValues
    /// Whether training moves the parameter by default; false for weights that a network has fixed.
    package var learns: Bool

    package init(
        name: String, shape: [Int], role: Role, initialValues: InitialValues = .constant(0), learns: Bool = true
    ) {
        self.name = name
        self.shape = shape
        self.role = role
        self.initialValues = initialValues
        self.learns = learns
    }

    package var count: Int { shape.reduce(1, *) }

    /// Whether training moves it by gradients; buffers are moved by the forward pass.
    package var isTrainable: Bool {
        switch role {
        case .runningMean, .runningVariance, .batchesTracked: false
        default: true
        }
    }

    /// Whether weight decay applies: weights of convolutions and linear layers, not parameters of batch norms and not
    /// biases.
    package var decays: Bool { role == .convolutionWeight || role == .linearWeight }
}
