import KernelInterface

// Convolutions, their data gradients and linear layers: destination = initial + source * weights.
//
//   y[p, q, k] = initial + sum over elements, over i < element.length of
//       x[origin(p, q) + element.source + i] * w[element.weight/32 + i, k]
//
// Lanes run along k, tile rows along pixels (or samples). An element is one of a batch-reduce GEMM: inputs that lie
// side by side, and the weights they meet. Each output is one chain of fused multiply-adds in the order of the
// elements, whatever the tile, the blocking or the vector width. So instruction sets and thread counts agree to the
// bit.
//
// In depthwise convolutions (Sifre, 2014; Howard et al., "MobileNets", 2017) each channel has a kernel of its own: i
// has one value, and x is a vector as w is.

/// K iterations after which a tile's accumulators go back to memory, so that a block of weights stays in the caches
/// while many rows meet it.
private let blockSteps = 1024

/// Computes a row of `columns` outputs, in tiles of nearly equal height.
@inline(__always)
func multiplyRow<P: Product>(_ product: P.Type, _ columns: Int, isWide: Bool, _ job: inout MultiplyJob) {
    let steps = stepCount(job.elements, job.elementCount)
    var remaining = columns
    var tiles = tileCount(columns)
    while tiles > 0 {
        let height = nextHeight(remaining, tiles: tiles)
        if P.prefetches && !isWide { job.prefetch.prefetch(steps) }
        Multiply<P>.run(height: height, isWide: isWide, &job)
        job.prefetch.advance(steps)
        job.source += height &* job.sourceStride
        job.destination += height &* job.destinationStride
        if let initial = job.initial { job.initial = initial + height &* job.initialStride }
        remaining &-= height
        tiles &-= 1
    }
}

@inline(__always)
private func stepCount(_ elements: UnsafePointer<ReduceElement>, _ count: Int) -> Int {
    var steps = 0
    for s in 0..<count { steps &+= elements[s].length }
    return steps
}

/// The outputs of one task in one stride phase and one sample (or several adjacent ones): rows of columns, at regular
/// strides.
private struct Panel {
    var channels: Int
    var rows: Int
    var columns: Int
    var source: UnsafePointer<Float>
    var sourceRowStride: Int
    var sourceStride: Int
    var destination: UnsafeMutablePointer<Float>
    var destinationRowStride: Int
    var destinationStride: Int
    var addend: UnsafePointer<Float>?
    var addendRowStride: Int
    var addendStride: Int
    /// y, where the gradient of an activation is written.
    var activated: UnsafePointer<Float>?
    var activatedRowStride: Int
    var activatedStride: Int

    /// A panel whose rows have no distance until `setRowStrides` sets it.
    ///
    /// - Parameters:
    ///   - stride: floats from one column to the next, of a view that is written or read beside it.
    ///   - start: the first output's place in such a view.
    @inline(__always)
    init(
        _ arguments: UnsafePointer<ConvolutionArguments>, rows: Int, columns: Int, source: UnsafePointer<Float>,
        sourceStride: Int, stride: (TensorView) -> Int, start: (TensorView) -> UnsafeMutablePointer<Float>
    ) {
        let (output, addend) = (arguments.pointee.destination, arguments.pointee.epilogue.addend)
        let activated = arguments.pointee.epilogue.activation?.activated
        channels = output.channels
        self.rows = rows
        self.columns = columns
        self.source = source
        self.sourceStride = sourceStride
        sourceRowStride = 0
        destination = start(output)
        destinationStride = stride(output)
        destinationRowStride = 0
        self.addend = addend.map { UnsafePointer(start($0)) }
        addendStride = addend.map(stride) ?? 0
        addendRowStride = 0
        self.activated = activated.map { UnsafePointer(start($0)) }
        activatedStride = activated.map(stride) ?? 0
        activatedRowStride = 0
    }

    /// Sets the floats from one row of outputs to the next, by view.
    @inline(__always)
    mutating func setRowStrides(
        _ arguments: UnsafePointer<ConvolutionArguments>, _ rowStride: (TensorView) -> Int
    ) {
        destinationRowStride = rowStride(arguments.pointee.destination)
        addendRowStride = arguments.pointee.epilogue.addend.map(rowStride) ?? 0
        activatedRowStride = arguments.pointee.epilogue.activation?.activated.map(rowStride) ?? 0
    }
}

/// Computes all outputs of a panel for the lanes of one tile from `lane` on, with some of the elements.
@inline(__always)
private func multiplyPanel<P: Product>(
    _ product: P.Type, _ panel: Panel, sourceLane: Int, lane: Int, isWide: Bool, weights: UnsafePointer<Float>,
    elements: UnsafePointer<ReduceElement>,
    elementCount: Int, isFirst: Bool, bias: UnsafePointer<Float>?, activation: FusedActivation?,
    prefetch: inout Prefetch
) {
    var job = MultiplyJob(
        source: panel.source, sourceStride: panel.sourceStride, weights: weights, elements: elements,
        elementCount: elementCount, initial: nil, initialStride: 0, destination: panel.destination,
        destinationStride: panel.destinationStride, prefetch: prefetch)
    for row in 0..<panel.rows {
        let destination = panel.destination + row &* panel.destinationRowStride + lane
        job.source = panel.source + (row &* panel.sourceRowStride &+ sourceLane)
        job.destination = destination
        if !isFirst {
            job.initial = UnsafePointer(destination)
            job.initialStride = panel.destinationStride
        } else if let bias {
            job.initial = bias + lane
        } else if let addend = panel.addend {
            job.initial = addend + row &* panel.addendRowStride + lane
            job.initialStride = panel.addendStride
        }
        multiplyRow(P.self, panel.columns, isWide: isWide, &job)
        if let activation {
            // Behind the last channel only the rest of a vector of eight is wanted.
            activation(
                destination, stride: panel.destinationStride, count: panel.columns,
                channels: min(isWide ? tileLanes : lanes, panel.channels &- lane),
                activated: panel.activated.map { $0 + row &* panel.activatedRowStride + lane },
                activatedStride: panel.activatedStride)
        }
    }
    prefetch = job.prefetch
}

/// Returns the number of elements from `first` on that make a block of about `blockSteps` K iterations.
@inline(__always)
private func blockLength(_ phase: Phase, from first: Int) -> Int {
    var end = first
    var steps = 0
    while end < phase.elementCount && (end == first || steps &+ phase.elements[end].length <= blockSteps) {
        steps &+= phase.elements[end].length
        end &+= 1
    }
    return end &- first
}

func convolve(_ arguments: UnsafePointer<ConvolutionArguments>, _ task: Int, _ worker: Int) {
    multiplyTask(Broadcast.self, arguments, task, worker)
}

func convolveDepthwise(_ arguments: UnsafePointer<ConvolutionArguments>, _ task: Int, _ worker: Int) {
    multiplyTask(Lanewise.self, arguments, task, worker)
}

@inline(__always)
private func multiplyTask<P: Product>(
    _ product: P.Type, _ arguments: UnsafePointer<ConvolutionArguments>, _ task: Int, _ worker: Int
) {
    let blocking = arguments.pointee.blocking
    let (group, rowBlock, laneTask) = blocking.place(of: task)
    let groupSlots = blocking.slots(of: group, in: arguments.pointee.batch)
    let (firstSlot, slots) = (groupSlots.lowerBound, groupSlots.count)
    let taskLanes = blocking.lanes(of: laneTask, channels: arguments.pointee.destination.channels)
    let (firstLane, endLane) = (taskLanes.lowerBound, taskLanes.upperBound)
    let firstRow = rowBlock &* blocking.rowsPerBlock
    let scratch = arguments.pointee.window.scratch + worker &* arguments.pointee.window.scratchStride
    var source = arguments.pointee.source
    if P.isLanewise { source.take(lanes: taskLanes) }
    copySource(
        P.self, arguments, source, firstSlot: firstSlot, slots: slots, firstRow: firstRow, firstLane: firstLane,
        to: scratch)
    let isStaged = arguments.pointee.epilogue.sums?.norm?.isScaled ?? false
    let staging = isStaged ? scratch + arguments.pointee.stagingOffset : nil
    var prefetch = Prefetch(nothingAt: UnsafePointer(scratch))
    if P.prefetches && laneTask &+ 1 == blocking.laneTasks {
        appendReads(
            of: arguments, rowBlock: rowBlock, group: group, slots: groupSlots, firstRow: firstRow, isStaged: isStaged,
            to: &prefetch)
        prefetch.spread(over: taskSteps(arguments, lanes: endLane &- firstLane))
    }
    for phaseIndex in 0..<arguments.pointee.phaseCount {
        let phase = arguments.pointee.phases[phaseIndex]
        var lane = firstLane
        while lane < endLane {
            let isWide = lane &+ tileLanes <= endLane
            let weights =
                arguments.pointee.weights + blockIndex(lane) &* arguments.pointee.weightBlockStride + laneInBlock(lane)
            var first = 0
            repeat {
                let count = blockLength(phase, from: first)
                forEachPanel(
                    arguments, phase, source, firstSlot: firstSlot, slots: slots, firstRow: firstRow,
                    copy: arguments.pointee.window.isCopied ? UnsafePointer(scratch) : nil,
                    copiedSample: arguments.pointee.copiedSample, staging: staging
                ) { panel in
                    multiplyPanel(
                        P.self, panel, sourceLane: P.isLanewise ? lane &- firstLane : 0, lane: lane, isWide: isWide,
                        weights: weights, elements: phase.elements + first, elementCount: count, isFirst: first == 0,
                        bias: arguments.pointee.epilogue.bias,
                        activation: first &+ count >= phase.elementCount ? arguments.pointee.epilogue.activation : nil,
                        prefetch: &prefetch)
                }
                first &+= count
            } while first < phase.elementCount
            lane &+= isWide ? tileLanes : lanes
        }
    }
    if let sums = arguments.pointee.epilogue.sums {
        sumWritten(
            sums, arguments, staging: staging.map { UnsafePointer($0) }, firstSlot: firstSlot, slots: slots,
            firstRow: firstRow, lanes: taskLanes)
    }
}

/// Copies the part of the source that a task reads to its scratch memory, where the window asks for that.
@inline(__always)
private func copySource<P: Product>(
    _ product: P.Type, _ arguments: UnsafePointer<ConvolutionArguments>, _ source: TensorView, firstSlot: Int,
    slots: Int, firstRow: Int, firstLane: Int, to scratch: UnsafeMutablePointer<Float>
) {
    var window = arguments.pointee.window
    if !window.isCopied { return }
    if P.isLanewise { window.prologue?.drop(lanes: firstLane) }
    if arguments.pointee.axis == .pixels {
        return copyPixels(
            source, slot: firstSlot, first: firstRow,
            count: min(arguments.pointee.blocking.rowsPerBlock, slots &* source.height &* source.width &- firstRow),
            window: window, to: scratch)
    }
    let copiedRows = (arguments.pointee.blocking.rowsPerBlock &- 1) &* window.step &+ window.rowSpan
    for i in 0..<slots where arguments.pointee.batch.isActive(firstSlot &+ i) {
        let copy = scratch + i &* arguments.pointee.copiedSample
        if arguments.pointee.axis == .map {
            copyColumns(source, slot: firstSlot &+ i, window: window, to: copy)
        } else {
            copyWindow(
                source, slot: firstSlot &+ i, firstRow: firstRow &* window.step &- window.padTop, rows: copiedRows,
                window: window, to: copy)
        }
    }
}

/// Prefetches the memory that this task's sums read, and that the next task copies and adds.
@inline(__always)
private func appendReads(
    of arguments: UnsafePointer<ConvolutionArguments>, rowBlock: Int, group: Int, slots: Range<Int>, firstRow: Int,
    isStaged: Bool, to prefetch: inout Prefetch
) {
    if let norm = arguments.pointee.epilogue.sums?.norm, arguments.pointee.blocking.laneTasks == 1 {
        let rows = writtenRows(arguments, firstRow: firstRow)
        prefetch.append(norm, slots: slots, rows: rows)
        if isStaged, let addend = arguments.pointee.epilogue.addend {
            prefetch.append(addend, slots: slots, rows: rows)
        }
    }
    if arguments.pointee.window.isCopied {
        let step = arguments.pointee.window.step
        appendNext(arguments.pointee.source, arguments, step: step, rowBlock: rowBlock, group: group, to: &prefetch)
        if case .normGradient(let norm) = arguments.pointee.window.prologue {
            appendNext(norm.input, arguments, step: step, rowBlock: rowBlock, group: group, to: &prefetch)
        }
    }
    if let addend = arguments.pointee.epilogue.addend, !isStaged, arguments.pointee.blocking.laneTasks == 1 {
        let step = arguments.pointee.destinationStep
        appendNext(addend, arguments, step: step, rowBlock: rowBlock, group: group, to: &prefetch)
    }
}

/// Prefetches the part of a view that the next task, most likely on the same thread, will read: `step` rows for each
/// row of its row block.
@inline(__always)
private func appendNext(
    _ source: TensorView, _ arguments: UnsafePointer<ConvolutionArguments>, step: Int, rowBlock: Int, group: Int,
    to prefetch: inout Prefetch
) {
    let blocking = arguments.pointee.blocking
    let slot = group &* blocking.samplesPerGroup
    let rows = blocking.rowsPerBlock
    let isWithinGroup = rowBlock &+ 1 < blocking.rowBlocks
    let nextSlot = isWithinGroup ? slot : slot &+ blocking.samplesPerGroup
    if nextSlot >= arguments.pointee.batch.slots { return }
    let stride = arguments.pointee.axis == .pixels ? source.pixelStride : step &* source.rowStride
    let place = source.sample(nextSlot) + (isWithinGroup ? (rowBlock &+ 1) &* rows &* stride : 0)
    prefetch.append(
        source, from: UnsafePointer(place),
        count: blocking.rowBlocks > 1 ? rows &* stride : blocking.samplesPerGroup &* source.sampleStride)
}

/// Steps of a task's tiles.
@inline(__always)
private func taskSteps(_ arguments: UnsafePointer<ConvolutionArguments>, lanes range: Int) -> Int {
    let (rows, samples) = (arguments.pointee.blocking.rowsPerBlock, arguments.pointee.blocking.samplesPerGroup)
    var steps = 0
    for p in 0..<arguments.pointee.phaseCount {
        let phase = arguments.pointee.phases[p]
        let tiles =
            switch arguments.pointee.axis {
            case .pixels: tileCount(rows)
            case .mapRow: samples &* min(rows, phase.rows) &* tileCount(phase.columns)
            default: samples &* tileCount(phase.rows &* phase.columns)
            }
        steps &+= tiles &* stepCount(phase.elements, phase.elementCount)
    }
    return steps &* tileBlocks(range)
}

/// Returns the rows that a task writes of each of its samples.
@inline(__always)
func writtenRows(_ arguments: UnsafePointer<ConvolutionArguments>, firstRow: Int) -> Range<Int> {
    let written = arguments.pointee.destination
    let blocking = arguments.pointee.blocking
    if blocking.rowBlocks == 1 { return 0..<written.height }
    let isRow = arguments.pointee.axis == .mapRow
    let first = isRow ? firstRow &* arguments.pointee.destinationStep : firstRow / written.width
    let count =
        isRow ? blocking.rowsPerBlock &* arguments.pointee.destinationStep : blocking.rowsPerBlock / written.width
    return first..<min(first &+ count, written.height)
}

/// Sums a task's output, which is still in a cache: some rows of a sample, or whole samples. Moves numbers in `staging`
/// to their destination.
private func sumWritten(
    _ sums: BlockSums, _ arguments: UnsafePointer<ConvolutionArguments>, staging: UnsafePointer<Float>?, firstSlot: Int,
    slots: Int, firstRow: Int, lanes range: Range<Int>
) {
    let written = arguments.pointee.destination
    let rows = writtenRows(arguments, firstRow: firstRow)
    for i in 0..<slots where arguments.pointee.batch.isActive(firstSlot &+ i) {
        if let staging {
            let sample = staging + i &* rows.count &* written.width &* arguments.pointee.stagingPixelStride
            scaleBlocks(
                sums, sample, pixelStride: arguments.pointee.stagingPixelStride,
                addend: arguments.pointee.epilogue.addend, written, slot: firstSlot &+ i, rows: rows, lanes: range)
        } else {
            sumBlocks(sums, written, slot: firstSlot &+ i, rows: rows, lanes: range)
        }
    }
}

/// Calls `body` for each panel of a task's outputs, by the row axis of the register tile.
@inline(__always)
private func forEachPanel(
    _ arguments: UnsafePointer<ConvolutionArguments>, _ phase: Phase, _ source: TensorView, firstSlot: Int, slots: Int,
    firstRow: Int, copy: UnsafePointer<Float>?, copiedSample: Int, staging: UnsafeMutablePointer<Float>?,
    _ body: (Panel) -> Void
) {
    let window = arguments.pointee.window
    switch arguments.pointee.axis {
    case .mapRow:
        let rows = min(arguments.pointee.blocking.rowsPerBlock, phase.rows &- firstRow)
        if rows <= 0 { return }
        let step = arguments.pointee.destinationStep
        let row = phase.firstRow &+ firstRow &* step
        let sourceWidth = copy == nil ? source.rowStride : window.width &* window.pixelStride
        let sourcePixel = copy == nil ? source.pixelStride : window.pixelStride
        for i in 0..<slots where arguments.pointee.batch.isActive(firstSlot &+ i) {
            let slot = firstSlot &+ i
            let origin =
                copy.map { $0 + i &* copiedSample } ?? UnsafePointer(source.pixel(slot, firstRow &* window.step, 0))
            var panel = Panel(
                arguments, rows: rows, columns: phase.columns, source: origin, sourceStride: window.step &* sourcePixel,
                stride: { step &* $0.pixelStride }, start: { $0.pixel(slot, row, phase.firstColumn) })
            panel.sourceRowStride = window.step &* sourceWidth
            panel.setRowStrides(arguments) { step &* $0.rowStride }
            body(panel)
        }
    case .map:
        guard let copy else { return }
        for i in 0..<slots where arguments.pointee.batch.isActive(firstSlot &+ i) {
            body(
                Panel(
                    arguments, rows: 1, columns: phase.rows &* phase.columns, source: copy + i &* copiedSample,
                    sourceStride: window.pixelStride, stride: { $0.pixelStride }, start: { $0.sample(firstSlot &+ i) }))
        }
    case .pixels:
        guard let copy else { return }
        let pixels = source.height &* source.width &* slots
        let columns = min(arguments.pointee.blocking.rowsPerBlock, pixels &- firstRow)
        if columns <= 0 { return }
        var panel = Panel(
            arguments, rows: 1, columns: columns, source: copy, sourceStride: window.pixelStride,
            stride: { $0.pixelStride }, start: { $0.sample(firstSlot) + firstRow &* $0.pixelStride })
        if let staging {
            (panel.destination, panel.destinationStride) = (staging, arguments.pointee.stagingPixelStride)
            (panel.addend, panel.activated) = (nil, nil)
        }
        body(panel)
    case .samples:
        body(
            Panel(
                arguments, rows: 1, columns: slots, source: source.sample(firstSlot), sourceStride: source.sampleStride,
                stride: { $0.sampleStride }, start: { $0.pixel(firstSlot, phase.firstRow, phase.firstColumn) }))
    }
}

/// Adds the kernels of this file.
func addConvolutionKernels(to table: inout KernelTable) {
    table.convolve.body = convolve
    table.convolveDepthwise.body = convolveDepthwise
}
