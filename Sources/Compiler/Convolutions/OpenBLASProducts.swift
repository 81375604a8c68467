internal import Graphs
internal import KernelInterface
internal import Tensors

// The second backend: im2col and OpenBLAS's sgemm, with sums in OpenBLAS's order. It shares only the layout of tensors
// and weights with the register tile. So it is an independent check, and it runs on CPUs without AVX2.

/// im2col and OpenBLAS's sgemm, for all but depthwise convolutions.
struct OpenBLASProducts: ConvolutionAlgorithm {
    let library: OpenBLAS

    func accepts(_ problem: ConvolutionProblem) -> Bool { !problem.geometry.isDepthwise }

    func lower(_ problem: ConvolutionProblem, _ part: ConvolutionPart, in builder: inout PlanBuilder) -> Bool {
        let geometry = part.geometry
        let depth = geometry.taps * geometry.input.channels
        let lanes = WeightLayout.padded(geometry.output.channels)
        let columns = geometry.output.pixels * depth
        builder.workspace.needPartials(columns + depth * lanes)
        let convolution = OpenBLASConvolution(
            library: library, geometry: geometry, batch: builder.context.batch, depth: depth, lanes: lanes,
            columns: builder.workspace.partials, matrix: builder.workspace.partials + columns)
        let run: () -> Void =
            switch problem.product {
            case .forward:
                {
                    convolution.unpack(part.weights)
                    convolution.forward(part.input, part.output, bias: part.epilogue.bias, addend: part.epilogue.addend)
                }
            case .dataGradient:
                {
                    convolution.unpack(part.weights)
                    convolution.dataGradient(part.output, part.input, addend: part.epilogue.addend)
                }
            case .weightGradient:
                {
                    convolution.weightGradient(part.input, part.output)
                    convolution.pack(part.gradient)
                }
            }
        builder.append(.host(run), name: "sgemm")
        return false
    }
}

/// One convolution over row-major matrices: columns [output pixels][taps x inputs], weights [taps x inputs][outputs].
private struct OpenBLASConvolution {
    let library: OpenBLAS
    var geometry: ConvolutionGeometry
    var batch: BatchLayout
    /// The rows of the weights: taps x inputs.
    var depth: Int
    /// The number of outputs, rounded up to 32.
    var lanes: Int
    var columns: UnsafeMutablePointer<Float>
    var matrix: UnsafeMutablePointer<Float>

    private var pixels: Int { geometry.output.pixels }
    private var outputs: Int { geometry.output.channels }

    // MARK: Weights

    /// Unpacks weights: [outputs/32][taps x inputs][32] -> [taps x inputs][outputs].
    func unpack(_ packed: UnsafePointer<Float>) {
        for block in 0..<(lanes / WeightLayout.block) {
            for row in 0..<depth {
                (matrix + row * lanes + block * WeightLayout.block).update(
                    from: packed + (block * depth + row) * WeightLayout.block, count: WeightLayout.block)
            }
        }
    }

    func pack(_ packed: UnsafeMutablePointer<Float>) {
        for block in 0..<(lanes / WeightLayout.block) {
            for row in 0..<depth {
                (packed + (block * depth + row) * WeightLayout.block).update(
                    from: matrix + row * lanes + block * WeightLayout.block, count: WeightLayout.block)
            }
        }
    }

    // MARK: Products

    func forward(_ x: TensorView, _ y: TensorView, bias: UnsafePointer<Float>?, addend: TensorView?) {
        batch.forEachSample { slot in
            begin(y, slot, bias: bias, addend: addend)
            gather(x, slot)
            library.multiply(
                OpenBLAS.Matrix(columns, stride: depth), OpenBLAS.Matrix(matrix, stride: lanes), depth: depth,
                to: y.float32 + slot * y.sampleStride, rows: pixels, columns: outputs, stride: y.pixelStride, adds: true
            )
        }
    }

    func dataGradient(_ dy: TensorView, _ dx: TensorView, addend: TensorView?) {
        batch.forEachSample { slot in
            library.multiply(
                OpenBLAS.Matrix(dy.float32 + slot * dy.sampleStride, stride: dy.pixelStride),
                OpenBLAS.Matrix(matrix, stride: lanes, isTransposed: true), depth: outputs,
                to: columns, rows: pixels, columns: depth, stride: depth, adds: false)
            begin(dx, slot, bias: nil, addend: addend)
            scatter(to: dx, slot)
        }
    }

    func weightGradient(_ x: TensorView, _ dy: TensorView) {
        matrix.update(repeating: 0, count: depth * lanes)
        batch.forEachSample { slot in
            gather(x, slot)
            library.multiply(
                OpenBLAS.Matrix(columns, stride: depth, isTransposed: true),
                OpenBLAS.Matrix(dy.float32 + slot * dy.sampleStride, stride: dy.pixelStride), depth: pixels,
                to: matrix, rows: depth, columns: outputs, stride: lanes, adds: true)
        }
    }

    // MARK: Columns

    /// Fills the target with the addend, the bias or zeros, to which the products are added.
    private func begin(_ target: TensorView, _ slot: Int, bias: UnsafePointer<Float>?, addend: TensorView?) {
        let width = MemoryPlan.wholeVectors(target.channels)
        for pixel in 0..<(target.height * target.width) {
            let to = target.float32 + slot * target.sampleStride + pixel * target.pixelStride
            if let addend {
                let from = addend.float32 + slot * addend.sampleStride + pixel * addend.pixelStride
                if from != to { to.update(from: from, count: width) }
            } else if let bias {
                to.update(from: bias, count: width)
            } else {
                to.update(repeating: 0, count: width)
            }
        }
    }

    /// Calls `body` for each tap of each output pixel, with its index in the columns and, inside the map, the input
    /// pixel.
    private func forEachTap(_ body: (_ column: Int, _ pixel: Int?) -> Void) {
        var column = 0
        for row in 0..<geometry.output.height {
            for place in 0..<geometry.output.width {
                for r in 0..<geometry.kernelHeight {
                    for s in 0..<geometry.kernelWidth {
                        let h = row * geometry.stride + r - geometry.padding
                        let w = place * geometry.stride + s - geometry.padding
                        let isInside =
                            h >= 0 && h < geometry.input.height && w >= 0 && w < geometry.input.width
                        body(column, isInside ? h * geometry.input.width + w : nil)
                        column += geometry.input.channels
                    }
                }
            }
        }
    }

    private func gather(_ x: TensorView, _ slot: Int) {
        let sample = x.float32 + slot * x.sampleStride
        forEachTap { column, pixel in
            if let pixel {
                (columns + column).update(from: sample + pixel * x.pixelStride, count: x.channels)
            } else {
                (columns + column).update(repeating: 0, count: x.channels)
            }
        }
    }

    private func scatter(to dx: TensorView, _ slot: Int) {
        let sample = dx.float32 + slot * dx.sampleStride
        forEachTap { column, pixel in
            guard let pixel else { return }
            let target = sample + pixel * dx.pixelStride
            for c in 0..<dx.channels { target[c] += columns[column + c] }
        }
    }
}
