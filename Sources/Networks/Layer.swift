/// A layer of a network: its operation, and the layers that it reads.
package struct Layer: Hashable, Sendable {
    /// The path of torch's module, to which parameters append `.weight` and so on: `layer1.0.conv1`. Only layers with
    /// parameters have unique names.
    package let name: String
    /// Whether torch has a module of that name; else the layer is a function there, and the name is for reading.
    package let isModule: Bool
    package let operation: Operation
    /// Indices of the layers it reads, all smaller than its own.
    package let inputs: [Int]

    /// The operation of a layer; x is its input.
    package enum Operation: Hashable, Sendable {
        /// The images.
        case input
        case convolution(Convolution)
        /// A linear layer: every output depends on every number of x, numbered by channel, row, column.
        case linear(Linear)
        case batchNorm(BatchNorm)
        /// max(x, 0)
        case relu
        /// min(max(x, 0), 6)
        case relu6
        /// 1 / (1 + exp(-x))
        case sigmoid
        case tanh
        /// x Phi(x), Phi the normal distribution's cumulative function. (Hendrycks & Gimpel, "Gaussian Error Linear
        /// Units", 2016.)
        case gelu
        /// x times a number that is no parameter.
        case scale(Float)
        /// Divides each number by a power of a sum over the neighbouring channels at its pixel.
        case localResponseNormalization(LocalResponseNormalization)
        case maxPool(Window)
        /// Padding counts as zeros.
        case averagePool(Window)
        /// Averages over as many windows as the output has pixels, whatever the input has.
        case adaptiveAveragePool(height: Int, width: Int)
        /// The inputs' channels, one input after the other.
        case concatenate
        /// The sum of two maps of one shape.
        case add
        /// Zeroes a number with probability `rate` while training and scales the others by 1 / (1 - rate).
        case dropout(rate: Float)
        /// The map as one vector, numbered channel, row, column.
        case flatten
    }

    /// A convolution with a square kernel.
    package struct Convolution: Hashable, Sendable {
        /// Channels of the output.
        package var outputs: Int
        package var kernel: Int
        package var stride: Int
        /// Rows and columns of zeros around the map, on each side.
        package var padding: Int
        /// Parts of the channels that know nothing of each other; as many as channels for depthwise.
        package var groups: Int
        package var weight: InitialRule
        /// The initial rule of the bias; nil where there is none.
        package var bias: InitialRule?
        /// Whether training moves the weight.
        package var learnsWeight = true

        /// The window of the kernel.
        package var window: Window { Window(kernel: kernel, stride: stride, padding: padding, ceilMode: false) }
    }

    /// A fully connected layer. How many inputs it has shows when the image size is known.
    package struct Linear: Hashable, Sendable {
        package var outputs: Int
        package var weight: InitialRule
        /// The initial rule of the bias; nil where there is none.
        package var bias: InitialRule?
    }

    /// Batch normalisation; its bias begins at 0.
    package struct BatchNorm: Hashable, Sendable {
        /// Added to the variance under the root.
        package var epsilon: Float
        /// The share of a batch's moments that enters the running ones, in 0...1.
        package var momentum: Float
        /// The initial value of the weight: 1, or 0 for a branch that is to begin silent.
        package var initialWeight: Float
        /// Whether training moves the weight.
        package var learnsWeight = true
    }

    /// y = x / (k + alpha / size * (sum of x^2 over `size` neighbouring channels))^beta, as in PyTorch. (Krizhevsky,
    /// Sutskever & Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012, section 3.3, where
    /// alpha is not divided by size.)
    package struct LocalResponseNormalization: Hashable, Sendable {
        /// Channels in the sum, the number's own in the middle.
        package var size: Int
        package var alpha: Float
        package var beta: Float
        package var k: Float
    }

    /// The square windows of a pooling layer or a convolution, in pixels.
    package struct Window: Hashable, Sendable {
        package var kernel: Int
        package var stride: Int
        /// Padding on each side; at most half the kernel.
        package var padding: Int
        /// Whether a last window counts that starts inside the map but ends outside it.
        package var ceilMode: Bool
    }
}

extension Layer.Operation {
    /// Whether a state_dict has tensors of such a layer.
    package var hasParameters: Bool {
        switch self {
        case .convolution, .linear, .batchNorm: true
        default: false
        }
    }
}
