internal import Graphs
internal import KernelInterface
internal import Tensors

extension ConvolutionGeometry {
    /// Returns the floats of the products for the taps of a kernel's row over some rows, with a margin before each row
    /// and after the last.
    fileprivate func productFloats(rows: Int) -> Int {
        let margin = kernelWidth - 1 - padding
        return (rows * (output.width + margin) + margin) * WeightLayout.block
    }
}

/// GEMM and col2im along the width, for data gradients of convolutions that read few channels: the lanes are the inputs
/// at each tap of a kernel's row (`KernelBody/Convolution/ColumnSums.swift`).
struct ColumnSums: ConvolutionAlgorithm {
    func accepts(_ problem: ConvolutionProblem) -> Bool {
        let geometry = problem.geometry
        let width = geometry.kernelWidth * geometry.input.channels
        let vectors = MemoryPlan.wholeVectors(width) / MemoryPlan.laneGranule
        return problem.product == .dataGradient && !geometry.isDepthwise && !geometry.isLinear && geometry.stride == 1
            && width <= 32 && vectors < geometry.kernelWidth
            && geometry.padding < min(geometry.kernelHeight, geometry.kernelWidth)
    }

    func mapsPaddedTo8(of problem: ConvolutionProblem) -> MapsPaddedTo8 { problem.hasActivation ? .neither : .all }

    func lower(_ problem: ConvolutionProblem, _ part: ConvolutionPart, in builder: inout PlanBuilder) -> Bool {
        let weights = rowTapWeights(part, in: &builder)
        var window = SourceWindow(
            isCopied: true, padTop: part.geometry.kernelHeight - 1 - part.geometry.padding, padLeft: 0,
            width: part.output.width, pixelStride: part.output.channels, rowSpan: part.geometry.kernelHeight, step: 1,
            scratch: builder.workspace.scratch, scratchStride: builder.workspace.scratchStride)
        var bands = [Band(rows: 0..<part.input.height, taps: 0..<part.geometry.kernelHeight)]
        if builder.copiedSample(window, rows: part.input.height) <= BlockSizes.sourceFloats {
            bands = Band.all(part.input.height, window, source: part.output)
            // The bands meet no zeros around the map, so no copy with zeros is needed.
            window.isCopied = false
        }
        emit(part, bands, window, weights, in: &builder)
        return false
    }

    /// Packs the weights with the inputs at each tap of a kernel's row as lanes.
    private func rowTapWeights(_ part: ConvolutionPart, in builder: inout PlanBuilder) -> UnsafePointer<Float> {
        let geometry = part.geometry
        builder.workspace.needPartials(weightCount(part))
        let weights = builder.workspace.partials
        builder.call(
            builder.context.kernels.rowTapWeights,
            RowTapWeightArguments(
                source: UnsafePointer(part.weights), destination: weights, inputs: part.input.channels,
                outputs: part.output.channels, kernelHeight: geometry.kernelHeight,
                kernelWidth: geometry.kernelWidth), tasks: geometry.kernelHeight)
        return UnsafePointer(weights)
    }

    private func weightCount(_ part: ConvolutionPart) -> Int {
        part.geometry.kernelHeight * part.output.channels * WeightLayout.block
    }

    private func emit(
        _ part: ConvolutionPart, _ bands: [Band], _ window: SourceWindow, _ weights: UnsafePointer<Float>,
        in builder: inout PlanBuilder
    ) {
        let (geometry, dx, dy) = (part.geometry, part.input, part.output)
        let products = TapSum(
            geometry: geometry, source: dy, window: window, weights: weights, weightBlockStride: weightCount(part),
            phases: bands.map { phase($0, dy, window, in: builder) },
            destination: TensorView(
                base: window.scratch, height: dx.height, width: dy.width,
                channels: geometry.kernelWidth * dx.channels, pixelStride: 32, sampleStride: 0))
        let keepsAll = bands.count > 1
        var arguments = ColumnSumArguments(
            convolution: builder.arguments(
                for: products, kept: { geometry.productFloats(rows: keepsAll ? dx.height : $0) }),
            destination: dx,
            epilogue: Epilogue(addend: part.epilogue.addend, activation: part.epilogue.activation),
            kernelWidth: geometry.kernelWidth, padding: geometry.padding)
        if !window.isCopied { arguments.convolution.copiedSample = 0 }
        // The products lie after the copies of a task's samples.
        let convolution = arguments.convolution
        let rows = keepsAll ? dx.height : convolution.blocking.rowsPerBlock
        arguments.convolution.destination.advance(
            by: convolution.blocking.samplesPerGroup * convolution.copiedSample + arguments.margin * WeightLayout.block)
        arguments.convolution.destination.rowStride += arguments.margin * WeightLayout.block
        arguments.convolution.destination.sampleStride = geometry.productFloats(rows: rows)
        // Kernels read whole vectors, even at a pixel's last inputs.
        builder.workspace.needScratch(
            convolution.blocking.samplesPerGroup
                * (convolution.copiedSample + arguments.convolution.destination.sampleStride)
                + MemoryPlan.laneGranule)
        builder.call(builder.context.kernels.sumColumns, arguments, tasks: convolution.blocking.tasks)
    }

    private func phase(_ band: Band, _ dy: TensorView, _ window: SourceWindow, in builder: PlanBuilder) -> Phase {
        let firstRow = window.isCopied ? 0 : window.padTop
        let elements = band.taps.flatMap { tap in
            builder.cut(
                ReduceElement(
                    source: builder.tapOffset(
                        row: band.rows.lowerBound + tap - firstRow, column: 0, window, dy),
                    weight: tap * dy.channels * WeightLayout.block, length: dy.channels))
        }
        return Phase(
            rows: band.rows.count, columns: dy.width, firstRow: band.rows.lowerBound, firstColumn: 0,
            elements: UnsafePointer(builder.memory.store(elements)), elementCount: elements.count)
    }
}

/// Rows of outputs that meet the source with the same rows of the kernel: at the map's edges, the other kernel rows
/// would meet only zeros.
private struct Band {
    var rows: Range<Int>
    var taps: Range<Int>

    /// - Parameter window: its `rowSpan` is the kernel's height.
    static func all(_ height: Int, _ window: SourceWindow, source: TensorView) -> [Band] {
        var bands: [Band] = []
        for row in 0..<height {
            let first = max(window.padTop - row, 0)
            let end = min(source.height + window.padTop - row, window.rowSpan)
            let taps = first..<end
            if let last = bands.last, last.taps == taps {
                bands[bands.count - 1].rows = last.rows.lowerBound..<row + 1
            } else {
                bands.append(Band(rows: row..<row + 1, taps: taps))
            }
        }
        return bands
    }
}
