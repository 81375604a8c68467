internal import Graphs
internal import KernelInterface
internal import Tensors

// Convolutions become kernel calls here: which axis tile rows run along, which taps lie side by side, whether the source must be
// copied with zeros around, and how the work falls into tasks.

/// The numbers of one convolution.
struct ConvolutionGeometry {
    var input: Shape
    var output: Shape
    var kernelHeight: Int
    var kernelWidth: Int
    var stride: Int
    var padding: Int

    var taps: Int { kernelHeight * kernelWidth }
    /// A linear layer: the kernel covers the whole map.
    var isLinear: Bool {
        padding == 0 && output.pixels == 1 && kernelHeight == input.height && kernelWidth == input.width
    }
    var isPointwise: Bool { taps == 1 && stride == 1 && padding == 0 }

    var axis: RowAxis { isLinear ? .samples : isPointwise ? .pixels : .mapRow }
}

/// How the work on one convolution is cut.
private enum Cut {
    /// Floats of source that one task keeps in the second-level cache.
    static let sourceFloats = 40_960
    /// Steps of a segment at most, so that blocks of weights fit the caches.
    static let segmentLength = 1024
    /// Tasks below which lanes are divided too.
    static let enoughTasks = 8
    /// A multiple of every tile height.
    static let pixelRun = 84
}

extension PlanBuilder {
    // MARK: Forward

    mutating func lowerConvolution(_ node: Node, _ convolution: Convolution) {
        guard let output = node.output else { return }
        let x = view(node.inputs[0])
        let y = view(output)
        let geometry = geometry(convolution, input: node.inputs[0], output: output)
        let bias = convolution.bias.map { UnsafePointer(weights($0)) }
        if context.usesOpenBLAS {
            lowerOpenBLAS(.forward(x: x, y: y, bias: bias), geometry, weight: convolution.weight, addend: node.addend)
            return
        }
        let window = forwardWindow(geometry, x)
        let segments = forwardSegments(geometry, x, window)
        let phase = Phase(
            rows: geometry.output.height, columns: geometry.output.width, firstRow: 0, firstColumn: 0,
            segments: UnsafePointer(memory.store(segments)), segmentCount: segments.count)
        emitConvolution(
            geometry.axis, source: x, window: window, weights: UnsafePointer(weights(convolution.weight)),
            blockStride: geometry.taps * x.channels * 32, phases: [phase], destination: y, step: 1,
            addend: node.addend, bias: bias)
    }

    func geometry(_ convolution: Convolution, input: ValueID, output: ValueID) -> ConvolutionGeometry {
        ConvolutionGeometry(
            input: graph[input].shape, output: graph[output].shape, kernelHeight: convolution.kernelHeight,
            kernelWidth: convolution.kernelWidth, stride: convolution.stride, padding: convolution.padding)
    }

    private func forwardWindow(_ geometry: ConvolutionGeometry, _ x: TensorView) -> SourceWindow {
        SourceWindow(
            isCopied: geometry.padding > 0 && geometry.axis == .mapRow, padTop: geometry.padding,
            padLeft: geometry.padding, width: (geometry.output.width - 1) * geometry.stride + geometry.kernelWidth,
            rowSpan: geometry.kernelHeight, step: geometry.stride, scratch: workspace.scratch,
            scratchStride: workspace.scratchStride)
    }

    /// The taps in the order row, column, input; taps that lie side by side in memory as one segment.
    private func forwardSegments(
        _ geometry: ConvolutionGeometry, _ x: TensorView, _ window: SourceWindow
    ) -> [Segment] {
        let pixel = window.isCopied ? x.channels : x.pixelStride
        let width = window.isCopied ? window.width : x.width
        var segments: [Segment] = []
        for r in 0..<geometry.kernelHeight {
            for s in 0..<geometry.kernelWidth {
                append(
                    Segment(
                        source: (r * width + s) * pixel, weight: (r * geometry.kernelWidth + s) * x.channels * 32,
                        length: x.channels), to: &segments)
            }
        }
        return segments.flatMap(cut)
    }

    /// Joins a segment to the last one where it continues it.
    private func append(_ segment: Segment, to segments: inout [Segment]) {
        if let last = segments.last, last.source + last.length == segment.source,
            last.weight + last.length * 32 == segment.weight
        {
            segments[segments.count - 1].length += segment.length
        } else {
            segments.append(segment)
        }
    }

    private func cut(_ segment: Segment) -> [Segment] {
        let pieces = (segment.length + Cut.segmentLength - 1) / Cut.segmentLength
        return (0..<pieces).map { piece in
            let start = segment.length * piece / pieces
            let end = segment.length * (piece + 1) / pieces
            return Segment(
                source: segment.source + start, weight: segment.weight + start * 32, length: end - start)
        }
    }

    // MARK: Data gradient

    mutating func lowerDataGradient(_ node: Node, _ convolution: Convolution) {
        guard let output = node.output else { return }
        let dy = view(node.inputs[0])
        let dx = view(output)
        let geometry = geometry(convolution, input: output, output: node.inputs[0])
        if context.usesOpenBLAS {
            lowerOpenBLAS(.dataGradient(dy: dy, dx: dx), geometry, weight: convolution.weight, addend: node.addend)
            return
        }
        let lattice = Lattice(geometry)
        let blocks = (dx.channels + 31) / 32
        let transposed = blocks * geometry.taps * dy.channels * 32
        workspace.needPartials(transposed)
        call(
            context.kernels.transposeWeights,
            TransposeArguments(
                source: UnsafePointer(weights(convolution.weight)), destination: workspace.partials,
                inputs: dx.channels, outputs: dy.channels, taps: geometry.taps,
                order: UnsafePointer(memory.store(lattice.tapOrder))),
            tasks: blocks)
        let window = SourceWindow(
            isCopied: geometry.axis == .mapRow && lattice.needsCopy(geometry), padTop: lattice.padTop,
            padLeft: lattice.padLeft, width: lattice.width, rowSpan: lattice.rowSpan, step: 1,
            scratch: workspace.scratch, scratchStride: workspace.scratchStride)
        let phases = lattice.phases.map { phase in
            let segments = dataGradientSegments(phase, dy, window, geometry)
            return Phase(
                rows: phase.rows, columns: phase.columns, firstRow: phase.firstRow, firstColumn: phase.firstColumn,
                segments: UnsafePointer(memory.store(segments)), segmentCount: segments.count)
        }
        emitConvolution(
            geometry.axis, source: dy, window: window, weights: UnsafePointer(workspace.partials),
            blockStride: geometry.taps * dy.channels * 32, phases: phases, destination: dx, step: geometry.stride,
            addend: node.addend, bias: nil)
    }

    private func dataGradientSegments(
        _ phase: Lattice.Phase, _ dy: TensorView, _ window: SourceWindow, _ geometry: ConvolutionGeometry
    ) -> [Segment] {
        let pixel = window.isCopied ? dy.channels : dy.pixelStride
        let width = window.isCopied ? window.width : dy.width
        var segments: [Segment] = []
        for tap in phase.taps {
            let place = (tap.row + window.padTop) * width + tap.column + window.padLeft
            append(
                Segment(
                    source: geometry.isLinear ? 0 : place * pixel, weight: tap.place * dy.channels * 32,
                    length: dy.channels), to: &segments)
        }
        return segments.flatMap(cut)
    }

    // MARK: Calls

    private mutating func emitConvolution(
        _ axis: RowAxis, source: TensorView, window: SourceWindow, weights: UnsafePointer<Float>, blockStride: Int,
        phases: [Phase], destination: TensorView, step: Int, addend: ValueID?, bias: UnsafePointer<Float>?
    ) {
        let rows = phases.map(\.rows).max() ?? 0
        var arguments = ConvolutionArguments(
            batch: context.batch, axis: axis, source: source, window: window, weights: weights,
            weightBlockStride: blockStride, phases: UnsafePointer(memory.store(phases)), phaseCount: phases.count,
            destination: destination, destinationStep: step, addend: addend.map(view), bias: bias,
            samplesPerGroup: 1, groups: 1, rowsPerStrip: 1, strips: 1, lanesPerPart: 32, laneParts: 1)
        switch axis {
        case .mapRow:
            let strip = stripRows(
                window, source, rows: rows, floats: Cut.sourceFloats)
            arguments.rowsPerStrip = strip
            let sampleFloats = ((strip - 1) * window.step + window.rowSpan) * window.width * source.channels
            if strip == rows { arguments.samplesPerGroup = group(Cut.sourceFloats / max(sampleFloats, 1)) }
            if window.isCopied { workspace.needScratch(sampleFloats * arguments.samplesPerGroup) }
        case .pixels:
            let pixels = source.height * source.width
            let run = max(Cut.sourceFloats / source.channels / Cut.pixelRun, 1) * Cut.pixelRun
            if pixels < run { arguments.samplesPerGroup = group(run / pixels) }
            arguments.rowsPerStrip = pixels < run ? pixels * arguments.samplesPerGroup : run
            arguments.strips = pixels < run ? 1 : (pixels + run - 1) / run
        case .samples:
            arguments.samplesPerGroup = slots
        }
        if axis == .mapRow { arguments.strips = (rows + arguments.rowsPerStrip - 1) / arguments.rowsPerStrip }
        arguments.groups = (slots + arguments.samplesPerGroup - 1) / arguments.samplesPerGroup
        let (perPart, parts) = laneParts(
            destination.channels, tasks: arguments.groups * arguments.strips, isSamples: axis == .samples)
        arguments.lanesPerPart = perPart
        arguments.laneParts = parts
        call(context.kernels.convolve, arguments, tasks: arguments.groups * arguments.strips * parts)
    }

    /// Samples that a task takes together, so that they share its pass over the weights: as many as fit, but leaving enough tasks.
    private func group(_ fitting: Int) -> Int { max(min(fitting, slots / Cut.enoughTasks), 1) }

    /// Output rows whose source rows fit in `floats`.
    private func stripRows(_ window: SourceWindow, _ source: TensorView, rows: Int, floats: Int) -> Int {
        let fitting = (floats / (window.width * source.channels) - window.rowSpan) / window.step + 1
        let strip = min(max(fitting, 1), rows)
        // Strips of nearly equal height.
        let strips = (rows + strip - 1) / strip
        return (rows + strips - 1) / strips
    }

    /// Divides the lanes when the other axes give too few tasks to share.
    private func laneParts(_ channels: Int, tasks: Int, isSamples: Bool) -> (perPart: Int, parts: Int) {
        let blocks = (channels + 31) / 32
        let wanted = isSamples ? (blocks + 1) / 2 : (Cut.enoughTasks + tasks - 1) / tasks
        let parts = max(min(wanted, (blocks + 1) / 2), 1)
        let perPart = (blocks + parts - 1) / parts
        return (perPart * 32, (blocks + perPart - 1) / perPart)
    }

    // MARK: Weight gradient

    mutating func lowerWeightGradient(_ node: Node, _ convolution: Convolution) {
        let x = view(node.inputs[0])
        let dy = view(node.inputs[1])
        let geometry = geometry(convolution, input: node.inputs[0], output: node.inputs[1])
        if let bias = convolution.bias { lowerBiasGradient(dy, bias) }
        if context.usesOpenBLAS {
            lowerOpenBLAS(.weightGradient(x: x, dy: dy), geometry, weight: convolution.weight, addend: nil)
            return
        }
        let window = forwardWindow(geometry, x)
        let segments = forwardSegments(geometry, x, window)
        let packed = context.parameters.entries[convolution.weight.index].storage
        let shards = context.batch.shards
        let target = gradient(convolution.weight)
        // Linear layers sum their shards themselves; a single shard is the sum.
        let isDirect = geometry.isLinear || shards == 1
        if !isDirect { workspace.needPartials(shards * packed) }
        let tasks = geometry.isLinear ? 1 : shards
        let blocks = (dy.channels + 31) / 32
        let parts = geometry.isLinear ? blocks : max(min((Cut.enoughTasks + tasks - 1) / tasks, (blocks + 1) / 2), 1)
        let perPart = (blocks + parts - 1) / parts
        var arguments = WeightGradientArguments(
            batch: context.batch, axis: geometry.axis, source: x, window: window, outputGradient: dy,
            segments: UnsafePointer(memory.store(segments)), segmentCount: segments.count,
            partials: isDirect ? target : workspace.partials, partialStride: packed,
            weightBlockStride: geometry.taps * x.channels * 32, rowsPerStrip: 1, segmentsPerPart: segments.count,
            rowParts: 1, lanesPerPart: perPart * 32, laneParts: (blocks + perPart - 1) / perPart)
        switch geometry.axis {
        case .mapRow:
            let dyRow = dy.width * dy.pixelStride
            let xRow = window.width * x.channels * window.step
            let span = window.width * x.channels * window.rowSpan
            let rows = min(max((Cut.sourceFloats - span) / (dyRow + xRow), 1), dy.height)
            arguments.rowsPerStrip = rows
            if window.isCopied {
                workspace.needScratch(((rows - 1) * window.step + window.rowSpan) * window.width * x.channels)
            }
        case .pixels:
            arguments.rowsPerStrip = max(Cut.sourceFloats / (x.channels + dy.channels), 32)
        case .samples:
            workspace.needScratch(shards * context.kernels.tileHeight * 32)
        }
        call(context.kernels.weightGradient, arguments, tasks: tasks * arguments.laneParts)
        if !isDirect { emitTreeSum(workspace.partials, stride: packed, to: target, count: packed) }
    }

    private mutating func lowerBiasGradient(_ dy: TensorView, _ bias: ParameterID) {
        let shards = context.batch.shards
        let storage = context.parameters.entries[bias.index].storage
        let partials = shards == 1 ? gradient(bias) : workspace.partials
        if shards > 1 { workspace.needPartials(shards * storage) }
        call(
            context.kernels.biasGradient,
            BiasGradientArguments(
                batch: context.batch, outputGradient: dy, partials: partials, partialStride: storage),
            tasks: shards)
        if shards > 1 { emitTreeSum(partials, stride: storage, to: gradient(bias), count: storage) }
    }

    mutating func emitTreeSum(
        _ partials: UnsafeMutablePointer<Float>, stride: Int, to target: UnsafeMutablePointer<Float>, count: Int
    ) {
        let chunk = 16_384
        call(
            context.kernels.treeSum,
            TreeSumArguments(
                partials: partials, partialStride: stride, shards: context.batch.shards, destination: target,
                count: count, chunk: chunk),
            tasks: (count + chunk - 1) / chunk)
    }
}
