internal import Graphs
internal import KernelInterface
internal import Tensors

// The source that a convolution reads, and the places in it where taps find their inputs.

extension PlanBuilder {
    func forwardWindow(_ part: ConvolutionPart) -> SourceWindow {
        let geometry = part.geometry
        let isPadded = geometry.padding > 0 && geometry.axis == .mapRow
        // Of few channels, a row's taps lie side by side in a copy alone.
        let isSparse =
            geometry.axis == .mapRow && geometry.kernelWidth > 1 && !geometry.isDepthwise
            && part.input.channels < MemoryPlan.laneGranule && part.input.pixelStride > part.input.channels
        var window = SourceWindow(
            isCopied: geometry.axis == .pixels || isPadded || isSparse || part.normalization != nil,
            padTop: geometry.padding,
            padLeft: geometry.padding, width: (geometry.output.width - 1) * geometry.stride + geometry.kernelWidth,
            pixelStride: copiedPixel(geometry, part.input), rowSpan: geometry.kernelHeight, step: geometry.stride,
            scratch: workspace.scratch, scratchStride: workspace.scratchStride)
        window.normalization = part.normalization
        return window
    }

    /// The copies that let tiles run on from row to row of a small map; nil where its rows make good tiles themselves.
    func joined(
        _ window: SourceWindow, _ geometry: ConvolutionGeometry, rows: Int, columns: Int, kernelHeight: Int,
        columnCopies: Int
    ) -> SourceWindow? {
        let tiles = (columns + context.kernels.tileRows - 1) / context.kernels.tileRows
        guard geometry.axis == .mapRow, rows > 1, columns / tiles < Blocking.lowTile else { return nil }
        var joined = window
        joined.isCopied = true
        joined.width = columns
        joined.rowSpan = rows + (kernelHeight - 1) / window.step
        joined.columnCopies = columnCopies
        joined.rowRemainders = min(window.step, kernelHeight)
        return copiedSample(joined, rows: 1) <= Blocking.joinedFloats ? joined : nil
    }

    /// Floats that a copy of the source of some output rows takes.
    func copiedSample(_ window: SourceWindow, rows: Int) -> Int {
        let row = window.width * window.pixelStride
        return window.columnCopies > 0
            ? window.columnCopies * window.rowRemainders * window.rowSpan * row
            : ((rows - 1) * window.step + window.rowSpan) * row
    }

    /// The distance in floats of the input of a kernel's tap from the input of the first one.
    func tapOffset(row: Int, column: Int, _ window: SourceWindow, _ source: TensorView) -> Int {
        if window.columnCopies > 0 {
            let copy = column * window.rowRemainders + row % window.step
            return (copy * window.rowSpan + row / window.step) * window.width * window.pixelStride
        }
        return window.isCopied
            ? (row * window.width + column) * window.pixelStride : (row * source.width + column) * source.pixelStride
    }

    /// Floats from pixel to pixel of the copy that one task makes.
    func copiedPixel(_ geometry: ConvolutionGeometry, _ source: TensorView) -> Int {
        if geometry.isDepthwise { return geometry.depthwiseLanes }
        return geometry.taps == 1 ? spread(source.channels) : source.channels
    }

    /// The distance at which to put pixels of `channels`: an odd number of cache lines where it would be an even one,
    /// so that a column of pixels does not fall on a few lines of the first-level cache.
    func spread(_ channels: Int) -> Int {
        let line = MemoryPlan.laneGranule
        return channels % (2 * line) == 0 ? channels + line : channels
    }

    /// All of the output as one stride phase.
    func wholeMap(_ geometry: ConvolutionGeometry, _ elements: [ReduceElement]) -> Phase {
        Phase(
            rows: geometry.output.height, columns: geometry.output.width, firstRow: 0, firstColumn: 0,
            elements: UnsafePointer(memory.store(elements)), elementCount: elements.count)
    }

    /// The taps in the order row, column, input.
    func forwardElements(
        _ geometry: ConvolutionGeometry, _ x: TensorView, _ window: SourceWindow
    ) -> [ReduceElement] {
        joining(elements(perTask: geometry.inputsPerOutput, geometry, x, window))
    }

    /// The batch-reduce GEMM elements of taps in their order: taps that lie side by side in memory are one.
    func joining(_ taps: [ReduceElement]) -> [ReduceElement] {
        var elements: [ReduceElement] = []
        for tap in taps {
            if let last = elements.last, last.source + last.length == tap.source,
                last.weight + last.length * WeightLayout.block == tap.weight
            {
                elements[elements.count - 1].length += tap.length
            } else {
                elements.append(tap)
            }
        }
        return elements.flatMap(cut)
    }

    func cut(_ element: ReduceElement) -> [ReduceElement] {
        let pieces = (element.length + Blocking.elementLength - 1) / Blocking.elementLength
        return (0..<pieces).map { piece in
            let start = element.length * piece / pieces
            let end = element.length * (piece + 1) / pieces
            return ReduceElement(
                source: element.source + start, weight: element.weight + start * WeightLayout.block, length: end - start
            )
        }
    }
}
