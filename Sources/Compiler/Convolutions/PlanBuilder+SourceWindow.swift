internal import Graphs
internal import KernelInterface
internal import Tensors

// The source of a convolution, and the places in it where taps find their inputs.

extension PlanBuilder {
    func forwardWindow(_ part: ConvolutionPart) -> SourceWindow {
        let geometry = part.geometry
        let isPadded = geometry.padding > 0 && geometry.axis == .mapRow
        // With few channels, a row's taps lie side by side only in a copy.
        let isSparse =
            geometry.axis == .mapRow && geometry.kernelWidth > 1 && !geometry.isDepthwise
            && part.input.channels < MemoryPlan.laneGranule && part.input.pixelStride > part.input.channels
        var window = SourceWindow(
            isCopied: geometry.axis == .pixels || isPadded || isSparse || part.normalization != nil,
            padTop: geometry.padding,
            padLeft: geometry.padding, width: (geometry.output.width - 1) * geometry.stride + geometry.kernelWidth,
            pixelStride: copiedPixel(geometry, part.input), rowSpan: geometry.kernelHeight, step: geometry.stride,
            scratch: workspace.scratch, scratchStride: workspace.scratchStride)
        window.prologue = part.normalization.map(Prologue.normalization)
        return window
    }

    /// Returns the window of copies whose tiles continue from row to row of a small map; nil where single rows make
    /// good tiles.
    func joined(
        _ window: SourceWindow, _ geometry: ConvolutionGeometry, rows: Int, columns: Int, kernelHeight: Int,
        columnCopies: Int
    ) -> SourceWindow? {
        let tiles = (columns + context.kernels.tileRows - 1) / context.kernels.tileRows
        guard geometry.axis == .mapRow, rows > 1, columns / tiles < BlockSizes.lowTile else { return nil }
        var joined = window
        joined.isCopied = true
        joined.width = columns
        joined.rowSpan = rows + (kernelHeight - 1) / window.step
        joined.columnCopies = columnCopies
        joined.rowRemainders = min(window.step, kernelHeight)
        return copiedSample(joined, rows: 1) <= BlockSizes.joinedFloats ? joined : nil
    }

    /// Returns the floats of a copy of the source rows of `rows` output rows of one sample.
    func copiedSample(_ window: SourceWindow, rows: Int) -> Int {
        let row = window.width * window.pixelStride
        return window.columnCopies > 0
            ? window.columnCopies * window.rowRemainders * window.rowSpan * row
            : ((rows - 1) * window.step + window.rowSpan) * row
    }

    /// Returns the distance in floats from the first tap's input to the input of a tap.
    func tapOffset(row: Int, column: Int, _ window: SourceWindow, _ source: TensorView) -> Int {
        if window.columnCopies > 0 {
            let copy = column * window.rowRemainders + row % window.step
            return (copy * window.rowSpan + row / window.step) * window.width * window.pixelStride
        }
        return window.isCopied
            ? (row * window.width + column) * window.pixelStride : (row * source.width + column) * source.pixelStride
    }

    /// Returns the floats between pixels in a task's copy.
    func copiedPixel(_ geometry: ConvolutionGeometry, _ source: TensorView) -> Int {
        if geometry.isDepthwise { return geometry.depthwiseLanes }
        return geometry.taps == 1 ? spread(source.channels) : source.channels
    }

    /// Returns the distance in floats between pixels of `channels` channels: an odd number of cache lines, so that the
    /// pixels of a column do not share a few lines of the first-level cache.
    func spread(_ channels: Int) -> Int {
        let line = MemoryPlan.laneGranule
        return channels % (2 * line) == 0 ? channels + line : channels
    }

    /// Returns the whole output as one stride phase.
    func wholeMap(_ geometry: ConvolutionGeometry, _ elements: [ReduceElement]) -> Phase {
        Phase(
            rows: geometry.output.height, columns: geometry.output.width, firstRow: 0, firstColumn: 0,
            elements: UnsafePointer(memory.store(elements)), elementCount: elements.count)
    }

    /// Returns the taps in the order row, column, input, as batch-reduce GEMM elements; taps that lie side by side in
    /// memory are one.
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
        let pieces = (element.length + BlockSizes.elementLength - 1) / BlockSizes.elementLength
        return (0..<pieces).map { piece in
            let start = element.length * piece / pieces
            let end = element.length * (piece + 1) / pieces
            return ReduceElement(
                source: element.source + start, weight: element.weight + start * WeightLayout.block, length: end - start
            )
        }
    }
}
