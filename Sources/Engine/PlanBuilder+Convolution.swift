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
    /// Each channel has a kernel of its own: input and output have the same channels.
    var isDepthwise = false

    var taps: Int { kernelHeight * kernelWidth }
    /// Inputs that a weight of each tap meets.
    var inputsPerOutput: Int { isDepthwise ? 1 : input.channels }
    /// A linear layer: the kernel covers the whole map.
    var isLinear: Bool {
        !isDepthwise && padding == 0 && output.pixels == 1 && kernelHeight == input.height && kernelWidth == input.width
    }
    var isPointwise: Bool { !isDepthwise && taps == 1 && stride == 1 && padding == 0 }

    var axis: RowAxis { isLinear ? .samples : isPointwise ? .pixels : .mapRow }
}

/// How the work on one convolution is cut.
private enum Cut {
    /// Floats of source that one task keeps in the second-level cache.
    static let sourceFloats = 40_960
    /// Floats of x and dy that a task on a weight gradient keeps there.
    static let stripFloats = 65_536
    /// Steps of a segment at most, so that blocks of weights fit the caches.
    static let segmentLength = 1024
    /// Tasks below which lanes are divided too.
    static let enoughTasks = 8
    /// Floats of those copies of a small map that join its rows, and what is too low for a tile of a row: its
    /// accumulators are fewer than multiplications take to finish.
    static let joinedFloats = 131_072
    static let lowTile = 5
    /// A multiple of every tile height.
    static let pixelRun = 84
    /// Channels of a depthwise task: whole cache lines of a pixel, and long strips of rows.
    static let depthwiseLanes = 32
}

/// A convolution's tensors: all of them, or those of one super-group.
struct ConvolutionPart {
    var geometry: ConvolutionGeometry
    /// x, or dx of a data gradient.
    var input: TensorView
    /// y, or dy of gradients.
    var output: TensorView
    /// Added to what is written: y, or dx of a data gradient.
    var addend: TensorView?
    var weights: UnsafeMutablePointer<Float>
    var gradient: UnsafeMutablePointer<Float>
    /// Floats of `weights`.
    var weightCount: Int
    var bias: UnsafePointer<Float>?
}

extension PlanBuilder {
    // MARK: Forward

    mutating func lowerConvolution(_ node: Node, _ convolution: Convolution) {
        guard let output = node.output else { return }
        forEachPart(convolution, input: node.inputs[0], output: output, addend: node.addend) { builder, part in
            if builder.computes(part) { builder.emitForward(part) } else { builder.lowerOpenBLAS(.forward, part) }
        }
    }

    /// Whether our kernels compute a part, or OpenBLAS does.
    private func computes(_ part: ConvolutionPart) -> Bool { !context.usesOpenBLAS || part.geometry.isDepthwise }

    private mutating func emitForward(_ part: ConvolutionPart) {
        let geometry = part.geometry
        let plain = forwardWindow(geometry, part.input)
        let window =
            joined(
                plain, geometry, rows: geometry.output.height, columns: geometry.output.width,
                kernelHeight: geometry.kernelHeight, columnCopies: geometry.kernelWidth) ?? plain
        let segments = forwardSegments(geometry, part.input, window)
        let phase = Phase(
            rows: geometry.output.height, columns: geometry.output.width, firstRow: 0, firstColumn: 0,
            segments: UnsafePointer(memory.store(segments)), segmentCount: segments.count)
        emitConvolution(
            geometry, source: part.input, window: window, weights: UnsafePointer(part.weights),
            weightBlockStride: geometry.taps * geometry.inputsPerOutput * 32, phases: [phase],
            destination: part.output, step: 1, addend: part.addend, bias: part.bias)
    }

    /// Calls `body` for each super-group, with channel slices of the tensors.
    private mutating func forEachPart(
        _ convolution: Convolution, input: ValueID, output: ValueID, addend: ValueID?,
        _ body: (inout PlanBuilder, ConvolutionPart) -> Void
    ) {
        guard let packing = context.parameters.entries[convolution.weight.index].packing else { return }
        for group in 0..<packing.superGroups {
            var geometry = ConvolutionGeometry(
                input: graph[input].shape, output: graph[output].shape, kernelHeight: convolution.kernelHeight,
                kernelWidth: convolution.kernelWidth, stride: convolution.stride, padding: convolution.padding,
                isDepthwise: packing.isDepthwise)
            geometry.input.channels = packing.inputs / packing.superGroups
            geometry.output.channels = packing.superOutputs
            let addendSlice = addend.map { id in
                // An addend has the shape of what is written: y has the outputs' channels, dx the inputs'.
                let channels = graph[id].shape.channels / packing.superGroups
                return slice(view(id), group * channels, channels)
            }
            let part = ConvolutionPart(
                geometry: geometry,
                input: slice(view(input), group * geometry.input.channels, geometry.input.channels),
                output: slice(view(output), group * packing.superOutputs, packing.superOutputs), addend: addendSlice,
                weights: weights(convolution.weight) + group * packing.superStride,
                gradient: gradient(convolution.weight) + group * packing.superStride,
                weightCount: packing.superStride,
                bias: convolution.bias.map { UnsafePointer(weights($0)) + group * packing.superOutputs })
            body(&self, part)
        }
    }

    private func slice(_ view: TensorView, _ offset: Int, _ channels: Int) -> TensorView {
        var slice = view
        slice.base += offset
        slice.channels = channels
        return slice
    }

    private func forwardWindow(_ geometry: ConvolutionGeometry, _ x: TensorView) -> SourceWindow {
        SourceWindow(
            isCopied: geometry.padding > 0 && geometry.axis == .mapRow, padTop: geometry.padding,
            padLeft: geometry.padding, width: (geometry.output.width - 1) * geometry.stride + geometry.kernelWidth,
            pixelStride: copiedPixel(geometry, x), rowSpan: geometry.kernelHeight, step: geometry.stride,
            scratch: workspace.scratch,
            scratchStride: workspace.scratchStride)
    }

    /// The copies that let tiles run on from row to row of a small map; nil where its rows make good tiles themselves.
    private func joined(
        _ window: SourceWindow, _ geometry: ConvolutionGeometry, rows: Int, columns: Int, kernelHeight: Int,
        columnCopies: Int
    ) -> SourceWindow? {
        let tiles = (columns + context.kernels.tileHeight - 1) / context.kernels.tileHeight
        guard geometry.axis == .mapRow, rows > 1, columns / tiles < Cut.lowTile else { return nil }
        var joined = window
        joined.isCopied = true
        joined.width = columns
        joined.rowSpan = rows + (kernelHeight - 1) / window.step
        joined.columnCopies = columnCopies
        joined.rowRemainders = min(window.step, kernelHeight)
        return copiedSample(joined, rows: 1) <= Cut.joinedFloats ? joined : nil
    }

    /// Floats that a copy of the source of some output rows takes.
    private func copiedSample(_ window: SourceWindow, rows: Int) -> Int {
        let row = window.width * window.pixelStride
        return window.columnCopies > 0
            ? window.columnCopies * window.rowRemainders * window.rowSpan * row
            : ((rows - 1) * window.step + window.rowSpan) * row
    }

    /// Where the input of a kernel's tap lies from the input of the first one.
    private func tapOffset(row: Int, column: Int, _ window: SourceWindow, _ source: TensorView) -> Int {
        if window.columnCopies > 0 {
            let copy = column * window.rowRemainders + row % window.step
            return (copy * window.rowSpan + row / window.step) * window.width * window.pixelStride
        }
        return window.isCopied
            ? (row * window.width + column) * window.pixelStride : (row * source.width + column) * source.pixelStride
    }

    /// Floats of a pixel that one task copies.
    private func copiedPixel(_ geometry: ConvolutionGeometry, _ source: TensorView) -> Int {
        geometry.isDepthwise ? Cut.depthwiseLanes : source.channels
    }

    /// The taps in the order row, column, input; taps that lie side by side in memory as one segment.
    private func forwardSegments(
        _ geometry: ConvolutionGeometry, _ x: TensorView, _ window: SourceWindow
    ) -> [Segment] {
        var segments: [Segment] = []
        for r in 0..<geometry.kernelHeight {
            for s in 0..<geometry.kernelWidth {
                append(
                    Segment(
                        source: tapOffset(row: r, column: s, window, x),
                        weight: (r * geometry.kernelWidth + s) * geometry.inputsPerOutput * 32,
                        length: geometry.inputsPerOutput), to: &segments)
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
        forEachPart(convolution, input: output, output: node.inputs[0], addend: node.addend) { builder, part in
            if builder.computes(part) {
                builder.emitDataGradient(part)
            } else {
                builder.lowerOpenBLAS(.dataGradient, part)
            }
        }
    }

    private mutating func emitDataGradient(_ part: ConvolutionPart) {
        let geometry = part.geometry
        let dx = part.input
        let dy = part.output
        let lattice = Lattice(geometry)
        let plain = SourceWindow(
            isCopied: geometry.axis == .mapRow && lattice.needsCopy(geometry), padTop: lattice.padTop,
            padLeft: lattice.padLeft, width: lattice.width, pixelStride: copiedPixel(geometry, dy),
            rowSpan: lattice.rowSpan, step: 1,
            scratch: workspace.scratch, scratchStride: workspace.scratchStride)
        // Where the stride leaves gaps, pixels of a phase lie at two distances.
        let columns = lattice.phases[0].columns
        let window =
            geometry.stride > 1
            ? plain
            : joined(
                plain, geometry, rows: lattice.phases[0].rows, columns: columns, kernelHeight: lattice.rowSpan,
                columnCopies: lattice.width - columns + 1) ?? plain
        let phases = lattice.phases.map { phase in
            let segments = dataGradientSegments(phase, lattice, dy, window, geometry)
            return Phase(
                rows: phase.rows, columns: phase.columns, firstRow: phase.firstRow, firstColumn: phase.firstColumn,
                segments: UnsafePointer(memory.store(segments)), segmentCount: segments.count)
        }
        let outputs = geometry.isDepthwise ? 1 : dy.channels
        emitConvolution(
            geometry, source: dy, window: window, weights: transposed(part, lattice),
            weightBlockStride: geometry.taps * outputs * 32, phases: phases, destination: dx, step: geometry.stride,
            addend: part.addend, bias: nil)
    }

    /// The weights with inputs as lanes; a depthwise convolution's are that already.
    private mutating func transposed(_ part: ConvolutionPart, _ lattice: Lattice) -> UnsafePointer<Float> {
        if part.geometry.isDepthwise { return UnsafePointer(part.weights) }
        let blocks = (part.input.channels + 31) / 32
        workspace.needPartials(blocks * part.geometry.taps * part.output.channels * 32)
        call(
            "transposeWeights", context.kernels.transposeWeights,
            TransposeArguments(
                source: UnsafePointer(part.weights), destination: workspace.partials, inputs: part.input.channels,
                outputs: part.output.channels, taps: part.geometry.taps,
                order: UnsafePointer(memory.store(lattice.tapOrder))),
            tasks: blocks)
        return UnsafePointer(workspace.partials)
    }

    private func dataGradientSegments(
        _ phase: Lattice.Phase, _ lattice: Lattice, _ dy: TensorView, _ window: SourceWindow,
        _ geometry: ConvolutionGeometry
    ) -> [Segment] {
        var segments: [Segment] = []
        for tap in phase.taps {
            let source =
                geometry.isLinear
                ? 0 : tapOffset(row: tap.row + window.padTop, column: tap.column + window.padLeft, window, dy)
            append(
                geometry.isDepthwise
                    ? Segment(source: source, weight: lattice.tapOrder[tap.place] * 32, length: 1)
                    : Segment(source: source, weight: tap.place * dy.channels * 32, length: dy.channels), to: &segments)
        }
        return segments.flatMap(cut)
    }

    // MARK: Calls

    private mutating func emitConvolution(
        _ geometry: ConvolutionGeometry, source: TensorView, window: SourceWindow, weights: UnsafePointer<Float>,
        weightBlockStride: Int, phases: [Phase], destination: TensorView, step: Int, addend: TensorView?,
        bias: UnsafePointer<Float>?
    ) {
        let axis = window.columnCopies > 0 ? RowAxis.map : geometry.axis
        let rows = phases.map(\.rows).max() ?? 0
        var arguments = ConvolutionArguments(
            batch: context.batch, axis: axis, source: source, window: window, weights: weights,
            weightBlockStride: weightBlockStride, phases: UnsafePointer(memory.store(phases)),
            phaseCount: phases.count, destination: destination, destinationStep: step, addend: addend, bias: bias,
            samplesPerGroup: 1, groups: 1, copiedSample: 0, rowsPerStrip: 1, strips: 1, lanesPerPart: 32, laneParts: 1)
        switch axis {
        case .mapRow:
            let strip = stripRows(window, rows: rows, floats: Cut.sourceFloats)
            arguments.rowsPerStrip = strip
            arguments.copiedSample = copiedSample(window, rows: strip)
            if strip == rows { arguments.samplesPerGroup = group(Cut.sourceFloats / arguments.copiedSample) }
            if window.isCopied { workspace.needScratch(arguments.copiedSample * arguments.samplesPerGroup) }
        case .map:
            arguments.copiedSample = copiedSample(window, rows: rows)
            arguments.samplesPerGroup = group(Cut.joinedFloats / arguments.copiedSample)
            workspace.needScratch(arguments.copiedSample * arguments.samplesPerGroup)
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
        let tasks = arguments.groups * arguments.strips
        (arguments.lanesPerPart, arguments.laneParts) =
            geometry.isDepthwise
            ? (Cut.depthwiseLanes, (destination.channels + Cut.depthwiseLanes - 1) / Cut.depthwiseLanes)
            : laneParts(destination.channels, tasks: tasks, isSamples: axis == .samples)
        let (name, kernel) =
            geometry.isDepthwise
            ? ("convolveDepthwise", context.kernels.convolveDepthwise) : ("convolve", context.kernels.convolve)
        call(name, kernel, arguments, tasks: tasks * arguments.laneParts)
    }

    /// Samples that a task takes together, so that they share its pass over the weights: as many as fit, but leaving enough tasks.
    private func group(_ fitting: Int) -> Int { max(min(fitting, slots / Cut.enoughTasks), 1) }

    /// Output rows whose source rows fit in `floats`.
    private func stripRows(_ window: SourceWindow, rows: Int, floats: Int) -> Int {
        let fitting = (floats / (window.width * window.pixelStride) - window.rowSpan) / window.step + 1
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
        guard let packing = context.parameters.entries[convolution.weight.index].packing else { return }
        if let bias = convolution.bias { lowerBiasGradient(view(node.inputs[1]), bias) }
        let target = gradient(convolution.weight)
        forEachPart(convolution, input: node.inputs[0], output: node.inputs[1], addend: nil) { builder, part in
            if builder.computes(part) {
                builder.emitWeightGradient(part)
            } else {
                builder.lowerOpenBLAS(.weightGradient, part)
            }
        }
        guard packing.merged > 1, !packing.isDepthwise else { return }
        call(
            "maskGroups", context.kernels.maskGroups,
            GroupMaskArguments(
                gradient: target, stride: packing.superStride, inputs: packing.superInputs,
                outputs: packing.superOutputs, inputsPerGroup: packing.inputs / packing.groups,
                outputsPerGroup: packing.outputs / packing.groups, taps: packing.taps),
            tasks: packing.superGroups)
    }

    private mutating func emitWeightGradient(_ part: ConvolutionPart) {
        let geometry = part.geometry
        let x = part.input
        let dy = part.output
        var window = forwardWindow(geometry, x)
        window.isCopied = !geometry.isLinear
        window.pixelStride = packedPixel(geometry, x)
        let segments = geometry.isDepthwise ? kernelRows(geometry, window) : forwardSegments(geometry, x, window)
        let packed = part.weightCount
        let shards = context.batch.shards
        let target = part.gradient
        // Linear layers sum their shards themselves; a single shard is the sum.
        let isDirect = geometry.isLinear || shards == 1
        if !isDirect { workspace.needPartials(shards * packed) }
        let tasks = geometry.isLinear ? 1 : shards
        let blocks = (dy.channels + 31) / 32
        let parts =
            geometry.isLinear || geometry.isDepthwise
            ? blocks : max(min((Cut.enoughTasks + tasks - 1) / tasks, (blocks + 1) / 2), 1)
        let perPart = (blocks + parts - 1) / parts
        var arguments = WeightGradientArguments(
            batch: context.batch, axis: geometry.axis, source: x, window: window, outputGradient: dy,
            segments: UnsafePointer(memory.store(segments)), segmentCount: segments.count,
            partials: isDirect ? target : workspace.partials, partialStride: packed,
            weightBlockStride: geometry.taps * geometry.inputsPerOutput * 32, rowsPerStrip: 1, samplesPerStrip: 1,
            packedSource: 0, segmentsPerPart: segments.count,
            rowParts: 1, lanesPerPart: perPart * 32, laneParts: (blocks + perPart - 1) / perPart)
        if geometry.isLinear {
            workspace.needScratch(shards * context.kernels.tileHeight * 32)
        } else {
            cutIntoStrips(&arguments)
        }
        let (name, kernel) =
            geometry.isDepthwise
            ? ("depthwiseWeightGradient", context.kernels.depthwiseWeightGradient)
            : ("weightGradient", context.kernels.weightGradient)
        call(name, kernel, arguments, tasks: tasks * arguments.laneParts)
        if !isDirect { emitTreeSum(workspace.partials, stride: packed, to: target, count: packed) }
    }

    /// Floats from pixel to pixel of a packed strip: an odd number of cache lines where it would be an even one, so that a
    /// column of pixels does not fall on a few lines of the first-level cache.
    private func packedPixel(_ geometry: ConvolutionGeometry, _ x: TensorView) -> Int {
        let line = MemoryPlan.laneGranule
        let pixel = copiedPixel(geometry, x)
        return pixel % (2 * line) == 0 && !geometry.isDepthwise ? pixel + line : pixel
    }

    /// As many rows as `Cut.stripFloats` hold; where that is all, as many samples.
    private mutating func cutIntoStrips(_ arguments: inout WeightGradientArguments) {
        let window = arguments.window
        let dy = arguments.outputGradient
        let row = window.width * window.pixelStride
        let dyRow = dy.width * arguments.lanesPerPart
        func source(_ rows: Int) -> Int { ((rows - 1) * window.step + window.rowSpan) * row }
        let rows = (Cut.stripFloats - source(1)) / (window.step * row + dyRow) + 1
        arguments.rowsPerStrip = min(max(rows, 1), dy.height)
        if rows >= dy.height {
            let fitting = Cut.stripFloats / (source(dy.height) + dy.height * dyRow)
            arguments.samplesPerStrip = min(max(fitting, 1), context.batch.shardCapacity)
        }
        arguments.packedSource = arguments.samplesPerStrip * source(arguments.rowsPerStrip)
        workspace.needScratch(
            arguments.packedSource + arguments.samplesPerStrip * arguments.rowsPerStrip * dyRow)
    }

    /// Of a depthwise convolution: the taps of each row of the kernel.
    private func kernelRows(_ geometry: ConvolutionGeometry, _ window: SourceWindow) -> [Segment] {
        (0..<geometry.kernelHeight).map { row in
            Segment(
                source: row * window.width * window.pixelStride, weight: row * geometry.kernelWidth * 32,
                length: geometry.kernelWidth)
        }
    }

    private mutating func lowerBiasGradient(_ dy: TensorView, _ bias: ParameterID) {
        let shards = context.batch.shards
        let storage = context.parameters.entries[bias.index].storage
        let partials = shards == 1 ? gradient(bias) : workspace.partials
        if shards > 1 { workspace.needPartials(shards * storage) }
        call(
            "biasGradient", context.kernels.biasGradient,
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
            "treeSum", context.kernels.treeSum,
            TreeSumArguments(
                partials: partials, partialStride: stride, shards: context.batch.shards, destination: target,
                count: count, chunk: chunk),
            tasks: (count + chunk - 1) / chunk)
    }
}
