import KernelInterface

// Convolutions by Winograd F(m x m, 3 x 3). For each element of a transformed tile, the products of many patches are a
// matrix product [patches][inputs] x [inputs][outputs]. The register tile computes it: each result is one chain along
// the inputs.
//
// The data gradient is the convolution of dy with the kernels rotated by 180 degrees.

/// Transforms some rows of patches of one sample, after a copy with zeros around.
///
/// - Returns: the address of the next patch's transformed tile.
@inline(__always)
func transformRowBlock<Transform: WinogradTransform>(
    _ transform: Transform.Type, _ source: TensorView, slot: Int, row: Int, rows: Int, columns: Int,
    tileElementStride: Int,
    window: SourceWindow,
    copy: UnsafeMutablePointer<Float>, to target: UnsafeMutablePointer<Float>
) -> UnsafeMutablePointer<Float> {
    let rowStride = window.width &* window.pixelStride
    copyWindow(
        source, slot: slot, firstRow: Transform.inputStep &* row &- window.padTop,
        rows: Transform.inputStep &* (rows &- 1) &+ Transform.inputs, window: window, to: copy)
    var patch = target
    for r in 0..<rows {
        var origin = UnsafePointer(copy + Transform.inputStep &* r &* rowStride)
        for _ in 0..<columns {
            var lane = 0
            while lane < source.channels {
                Transform.transformSource(
                    origin + lane, pixelStride: window.pixelStride, rowStride: rowStride, to: patch + lane,
                    tileElementStride: tileElementStride)
                lane &+= lanes
            }
            origin += Transform.inputStep &* window.pixelStride
            patch += window.pixelStride
        }
    }
    return patch
}

func convolveWinograd(_ arguments: UnsafePointer<WinogradArguments>, _ task: Int, _ worker: Int) {
    switch arguments.pointee.patches.form {
    case .stride1Of2x2: convolve(WinogradF2x2.self, arguments, task, worker)
    case .stride1Of4x4: convolve(WinogradF4x4.self, arguments, task, worker)
    case .stride2: convolve(WinogradStride2.self, arguments, task, worker)
    case .stride2Transposed: convolve(WinogradStride2Transposed.self, arguments, task, worker)
    }
}

@inline(__always)
private func convolve<Transform: WinogradTransform>(
    _ transform: Transform.Type, _ arguments: UnsafePointer<WinogradArguments>, _ task: Int, _ worker: Int
) {
    let patches = arguments.pointee.patches
    let blocking = arguments.pointee.blocking
    let (group, rowBlock, laneTask) = blocking.place(of: task)
    let slots = blocking.slots(of: group, in: arguments.pointee.batch)
    let row = rowBlock &* blocking.rowsPerBlock
    let rows = min(blocking.rowsPerBlock, patches.rows &- row)
    let taskLanes = blocking.lanes(of: laneTask, channels: arguments.pointee.destination.channels)
    let window = arguments.pointee.window
    let copy = window.scratch + worker &* window.scratchStride
    let sources = copy + arguments.pointee.copied
    let products = sources + Transform.tileElements &* patches.sourceStride
    var end = sources
    for slot in slots where arguments.pointee.batch.isActive(slot) {
        end = transformRowBlock(
            transform, arguments.pointee.source, slot: slot, row: row, rows: rows, columns: patches.columns,
            tileElementStride: patches.sourceStride, window: window, copy: copy, to: end)
    }
    let count = (end - sources) / window.pixelStride
    var prefetch = Prefetch(nothingAt: UnsafePointer(sources))
    if laneTask &+ 1 == blocking.laneTasks {
        let source = arguments.pointee.source
        let isWithinGroup = rowBlock &+ 1 < blocking.rowBlocks
        let nextSlot = isWithinGroup ? slots.lowerBound : slots.upperBound
        let steps = Transform.tileElements &* tileCount(count) &* tileBlocks(taskLanes.count) &* source.channels
        if nextSlot < arguments.pointee.batch.slots {
            prefetch = Prefetch(
                source,
                from: UnsafePointer(
                    source.pixel(nextSlot, isWithinGroup ? Transform.inputStep &* (row &+ rows) : 0, 0)),
                count: blocking.samplesPerGroup &* Transform.inputStep &* blocking.rowsPerBlock &* source.rowStride,
                steps: steps)
        }
    }
    multiplyTileElements(
        transform, arguments, lanes: taskLanes, patches: count, from: sources, to: products,
        prefetch: &prefetch)
    var product = UnsafePointer(products)
    for slot in slots where arguments.pointee.batch.isActive(slot) {
        for r in row..<(row &+ rows) {
            for column in 0..<patches.columns {
                writeOutputs(
                    transform, arguments, slot, Transform.outputs &* r, Transform.outputs &* column,
                    taskLanes, from: product)
                product += patches.outputPatchStride
            }
            finishRows(transform, arguments, slot, Transform.outputs &* r, taskLanes)
        }
        if let sums = arguments.pointee.epilogue.sums {
            let written = arguments.pointee.destination
            let end = min(Transform.outputs &* (row &+ rows), written.height)
            sumBlocks(sums, written, slot: slot, rows: (Transform.outputs &* row)..<end, lanes: taskLanes)
        }
    }
}

/// Rows of outputs of a row of patches, just written.
@inline(__always)
private func finishRows<Transform: WinogradTransform>(
    _ transform: Transform.Type, _ arguments: UnsafePointer<WinogradArguments>, _ slot: Int, _ first: Int,
    _ range: Range<Int>
) {
    guard let activation = arguments.pointee.epilogue.activation else { return }
    let view = arguments.pointee.destination
    for row in first..<min(first &+ Transform.outputs, view.height) {
        activation(
            view.pixel(slot, row, 0) + range.lowerBound, stride: view.pixelStride, count: view.width,
            channels: range.count,
            activated: activation.activated.map { UnsafePointer($0.pixel(slot, row, 0)) + range.lowerBound },
            activatedStride: activation.activated?.pixelStride ?? 0)
    }
}

/// For each element of a transformed tile: products[patch][lane] = sum over inputs of sources[patch][input] *
/// weights[input][lane].
@inline(__always)
private func multiplyTileElements<Transform: WinogradTransform>(
    _ transform: Transform.Type, _ arguments: UnsafePointer<WinogradArguments>, lanes range: Range<Int>, patches: Int,
    from sources: UnsafePointer<Float>, to products: UnsafeMutablePointer<Float>, prefetch: inout Prefetch
) {
    let layout = arguments.pointee.patches
    for tileElement in 0..<Transform.tileElements {
        forEachTile(range) { lane, isWide in
            let block = blockIndex(lane) &* Transform.weightElements &+ Transform.weights(meeting: tileElement)
            var job = MultiplyJob(
                source: sources + tileElement &* layout.sourceStride,
                sourceStride: arguments.pointee.window.pixelStride,
                weights: arguments.pointee.weights + (block &* arguments.pointee.weightStride &+ laneInBlock(lane)),
                elements: arguments.pointee.elements, elementCount: arguments.pointee.elementCount, initial: nil,
                initialStride: 0,
                destination: products + (tileElement &* layout.outputStride &+ lane &- range.lowerBound),
                destinationStride: layout.outputPatchStride, prefetch: prefetch)
            multiplyRow(Broadcast.self, patches, isWide: isWide, &job)
            prefetch = job.prefetch
        }
    }
}

/// Writes the outputs of one patch that are inside the map.
@inline(__always)
private func writeOutputs<Transform: WinogradTransform>(
    _ transform: Transform.Type, _ arguments: UnsafePointer<WinogradArguments>, _ slot: Int, _ row: Int, _ column: Int,
    _ range: Range<Int>, from products: UnsafePointer<Float>
) {
    let stride = arguments.pointee.patches.outputStride
    let view = arguments.pointee.destination
    let rows = view.height &- row
    let columns = view.width &- column
    let destination = view.pixel(slot, row, column)
    let bias = arguments.pointee.epilogue.bias
    var addend: UnsafePointer<Float>?
    var addendRow = 0
    var addendPixel = 0
    if let other = arguments.pointee.epilogue.addend {
        addend = UnsafePointer(other.pixel(slot, row, column))
        addendRow = other.rowStride
        addendPixel = other.pixelStride
    }
    var lane = range.lowerBound
    while lane < range.upperBound {
        Transform.transformProducts(products + (lane &- range.lowerBound), tileElementStride: stride) {
            sum, row, column in
            if row >= rows || column >= columns { return }
            var y = sum
            if let bias { y += vector(bias + lane) }
            if let addend { y += vector(addend + (row &* addendRow &+ column &* addendPixel &+ lane)) }
            put(y, destination + (row &* view.rowStride &+ column &* view.pixelStride &+ lane))
        }
        lane &+= lanes
    }
}

func transformWeights(_ arguments: UnsafePointer<WinogradWeightArguments>, _ task: Int, _ worker: Int) {
    switch arguments.pointee.form {
    case .stride1Of2x2: transform(WinogradF2x2.self, arguments, task)
    case .stride1Of4x4: transform(WinogradF4x4.self, arguments, task)
    case .stride2: transform(WinogradStride2.self, arguments, task)
    case .stride2Transposed: transform(WinogradStride2Transposed.self, arguments, task)
    }
}

@inline(__always)
private func transform<Transform: WinogradTransform>(
    _ transform: Transform.Type, _ arguments: UnsafePointer<WinogradWeightArguments>, _ task: Int
) {
    let inputs = arguments.pointee.inputs
    let parts = (inputs &+ arguments.pointee.inputsPerTask &- 1) / arguments.pointee.inputsPerTask
    let block = task / parts
    let first = task % parts &* arguments.pointee.inputsPerTask
    let end = min(first &+ arguments.pointee.inputsPerTask, inputs)
    let tap = inputs &* blockLanes
    let source = arguments.pointee.source + block &* 9 &* tap
    let stride = arguments.pointee.tileElementStride
    let target = arguments.pointee.destination + block &* Transform.weightElements &* stride
    var i = first &* blockLanes
    while i < end &* blockLanes {
        Transform.transformWeights(source + i, tapStride: tap, to: target + i, tileElementStride: stride)
        i &+= lanes
    }
}

/// Adds the kernels of this file.
func addWinogradKernels(to table: inout KernelTable) {
    table.convolveWinograd.body = convolveWinograd
    table.transformWeights.body = transformWeights
}
