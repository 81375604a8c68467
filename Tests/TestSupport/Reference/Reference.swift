package import Tensors

/// The definition of every operation: scalar loops in Double, forward and backward side by side, no thought of speed.
///
/// Kernels are tested against these, and these against central differences. Legend for all of them:
///
///     N samples     C input channels     H, W rows and columns of the input
///     K output channels    R, S rows and columns of a kernel    P, Q rows and columns of the output
///
/// x is an input, y an output; dx and dy are the gradients of a scalar loss with respect to them.
package enum Reference {}

extension Reference {
    /// Feature maps of a batch, N x H x W x C.
    package struct Maps: Equatable, Sendable {
        /// N
        package let samples: Int
        /// H x W x C
        package let shape: Shape
        /// Sample after sample, row after row, pixel after pixel.
        package var values: [Double]

        /// Zeros.
        package init(samples: Int, shape: Shape) {
            self.init(samples: samples, shape: shape, values: Array(repeating: 0, count: samples * shape.count))
        }

        /// `values` in the order N, H, W, C.
        package init(samples: Int, shape: Shape, values: [Double]) {
            precondition(
                values.count == samples * shape.count, "\(values.count) values for \(samples) maps of \(shape)")
            self.samples = samples
            self.shape = shape
            self.values = values
        }

        package subscript(n: Int, h: Int, w: Int, c: Int) -> Double {
            get { values[((n * shape.height + h) * shape.width + w) * shape.channels + c] }
            set { values[((n * shape.height + h) * shape.width + w) * shape.channels + c] = newValue }
        }

        /// The maps with `transform` applied to each value.
        func mapValues(_ transform: (Double) -> Double) -> Maps {
            Maps(samples: samples, shape: shape, values: values.map(transform))
        }

        /// `combine` of each value and the one at its place in `other`.
        func combined(with other: Maps, _ combine: (Double, Double) -> Double) -> Maps {
            precondition(other.samples == samples && other.shape == shape, "maps of \(shape) and of \(other.shape)")
            return Maps(samples: samples, shape: shape, values: zip(values, other.values).map(combine))
        }
    }

    /// The weights of a convolution in torch's order: K x C x R x S. A linear layer's [K, inputs] has the same order.
    package struct Filters: Equatable, Sendable {
        /// K
        package let outputs: Int
        /// C
        package let inputs: Int
        /// R
        package let height: Int
        /// S
        package let width: Int
        package var values: [Double]

        /// Zeros.
        package init(outputs: Int, inputs: Int, height: Int, width: Int) {
            self.init(
                outputs: outputs, inputs: inputs, height: height, width: width,
                values: Array(repeating: 0, count: outputs * inputs * height * width))
        }

        /// `values` in the order K, C, R, S.
        package init(outputs: Int, inputs: Int, height: Int, width: Int, values: [Double]) {
            precondition(
                values.count == outputs * inputs * height * width,
                "\(values.count) values for \(outputs)x\(inputs)x\(height)x\(width) filters")
            self.outputs = outputs
            self.inputs = inputs
            self.height = height
            self.width = width
            self.values = values
        }

        package subscript(k: Int, c: Int, r: Int, s: Int) -> Double {
            get { values[((k * inputs + c) * height + r) * width + s] }
            set { values[((k * inputs + c) * height + r) * width + s] = newValue }
        }
    }

    /// The places of a sliding window of `kernel` rows on an axis of `extent` rows that has `padding` zeros at either
    /// end. The same for columns.
    struct Window {
        let extent: Int
        let kernel: Int
        let stride: Int
        let padding: Int

        /// The taps 0..<kernel of window `position` that fall on the axis, not on its padding.
        func taps(at position: Int) -> Range<Int> {
            let start = position * stride - padding
            let first = Swift.max(0, -start)
            return first..<Swift.max(first, Swift.min(kernel, extent - start))
        }

        /// The place on the axis of `tap` of window `position`.
        func place(_ tap: Int, at position: Int) -> Int { position * stride - padding + tap }
    }
}
