internal import Graphs
internal import KernelInterface
internal import Tensors

extension ConvolutionGeometry {
    /// Whether the data gradient of a convolution that reads few channels is GEMM + col2im along the width: the taps of
    /// a kernel's row are lanes too (`KernelBody/Shear.swift`). That follows from the layer alone: its bits are other
    /// ones.
    var isSheared: Bool {
        let width = kernelWidth * input.channels
        let vectors = (width + MemoryPlan.laneGranule - 1) / MemoryPlan.laneGranule
        return !isDepthwise && !isLinear && stride == 1 && width <= 32 && vectors < kernelWidth
            && padding < min(kernelHeight, kernelWidth)
    }

    /// Floats of the products of a row's taps for some rows, of a margin before each of them and one behind the last.
    fileprivate func shearedFloats(rows: Int) -> Int {
        let margin = kernelWidth - 1 - padding
        return (rows * (output.width + margin) + margin) * 32
    }
}

extension PlanBuilder {
    mutating func emitShearedDataGradient(_ part: ConvolutionPart) {
        let geometry = part.geometry
        let dx = part.input
        let dy = part.output
        let weightCount = geometry.kernelHeight * dy.channels * 32
        workspace.needPartials(weightCount)
        let weights = workspace.partials
        call(
            context.kernels.shearWeights,
            ShearedWeightArguments(
                source: UnsafePointer(part.weights), destination: weights, inputs: dx.channels, outputs: dy.channels,
                kernelHeight: geometry.kernelHeight, kernelWidth: geometry.kernelWidth), tasks: geometry.kernelHeight)
        var window = SourceWindow(
            isCopied: true, padTop: geometry.kernelHeight - 1 - geometry.padding, padLeft: 0, width: dy.width,
            pixelStride: dy.channels, rowSpan: geometry.kernelHeight, step: 1, scratch: workspace.scratch,
            scratchStride: workspace.scratchStride)
        var bands = [Band(rows: 0..<dx.height, taps: 0..<geometry.kernelHeight)]
        if copiedSample(window, rows: dx.height) <= Cut.sourceFloats {
            bands = Band.all(dx.height, window, source: dy)
            // They meet no zeros around the map, which need not be copied.
            window.isCopied = false
        }
        let firstRow = window.isCopied ? 0 : window.padTop
        let phases = bands.map { band in
            let segments = band.taps.flatMap { tap in
                cut(
                    Segment(
                        source: tapOffset(row: band.rows.lowerBound + tap - firstRow, column: 0, window, dy),
                        weight: tap * dy.channels * 32, length: dy.channels))
            }
            return Phase(
                rows: band.rows.count, columns: dy.width, firstRow: band.rows.lowerBound, firstColumn: 0,
                segments: UnsafePointer(memory.store(segments)), segmentCount: segments.count)
        }
        var arguments = ShearArguments(
            convolution: cutIntoTasks(
                geometry, source: dy, window: window, weights: UnsafePointer(weights), weightBlockStride: weightCount,
                phases: phases,
                destination: TensorView(
                    base: window.scratch, height: dx.height, width: dy.width,
                    channels: geometry.kernelWidth * dx.channels, pixelStride: 32, sampleStride: 0), step: 1,
                addend: nil, bias: nil, finish: nil, sums: nil,
                kept: { geometry.shearedFloats(rows: bands.count > 1 ? dx.height : $0) }),
            destination: dx, addend: part.addend, finish: part.finish, kernelWidth: geometry.kernelWidth,
            padding: geometry.padding)
        if !window.isCopied { arguments.convolution.copiedSample = 0 }
        // Behind the copies of a task's samples.
        let convolution = arguments.convolution
        let rows = bands.count > 1 ? dx.height : convolution.rowsPerStrip
        arguments.convolution.destination.base +=
            convolution.samplesPerGroup * convolution.copiedSample + arguments.margin * 32
        arguments.convolution.destination.rowStride += arguments.margin * 32
        arguments.convolution.destination.sampleStride = geometry.shearedFloats(rows: rows)
        // Whole vectors are read of a pixel's last inputs.
        workspace.needScratch(
            convolution.samplesPerGroup * (convolution.copiedSample + arguments.convolution.destination.sampleStride)
                + MemoryPlan.laneGranule)
        call(context.kernels.convolveSheared, arguments, tasks: convolution.tasks)
    }
}

/// Rows of outputs that meet the source with the same rows of the kernel: at the map's edges others would meet zeros alone.
private struct Band {
    var rows: Range<Int>
    var taps: Range<Int>

    /// - Parameter window: whose `rowSpan` is the kernel's height.
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
