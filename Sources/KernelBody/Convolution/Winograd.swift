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
func transformStrip<Filter: MinimalFilter>(
    _ filter: Filter.Type, _ source: TensorView, slot: Int, row: Int, rows: Int, columns: Int, coefficientStride: Int,
    window: SourceWindow,
    copy: UnsafeMutablePointer<Float>, to target: UnsafeMutablePointer<Float>
) -> UnsafeMutablePointer<Float> {
    let rowStride = window.width &* window.pixelStride
    copyWindow(
        source, slot: slot, firstRow: Filter.inputStep &* row &- window.padTop,
        rows: Filter.inputStep &* (rows &- 1) &+ Filter.inputs, window: window, to: copy)
    var patch = target
    for r in 0..<rows {
        var origin = UnsafePointer(copy + Filter.inputStep &* r &* rowStride)
        for _ in 0..<columns {
            var lane = 0
            while lane < source.channels {
                Filter.transformSource(
                    origin + lane, pixelStride: window.pixelStride, rowStride: rowStride, to: patch + lane,
                    coefficientStride: coefficientStride)
                lane &+= lanes
            }
            origin += Filter.inputStep &* window.pixelStride
            patch += window.pixelStride
        }
    }
    return patch
}

func convolveWinograd(_ arguments: UnsafePointer<WinogradArguments>, _ task: Int, _ worker: Int) {
    switch arguments.pointee.patches.filter {
    case .stride1Of2x2: convolve(MinimalFilter2x2.self, arguments, task, worker)
    case .stride1Of4x4: convolve(MinimalFilter4x4.self, arguments, task, worker)
    case .stride2: convolve(MinimalFilterStride2.self, arguments, task, worker)
    case .stride2Transposed: convolve(MinimalFilterStride2Transposed.self, arguments, task, worker)
    }
}

@inline(__always)
private func convolve<Filter: MinimalFilter>(
    _ filter: Filter.Type, _ arguments: UnsafePointer<WinogradArguments>, _ task: Int, _ worker: Int
) {
    let patches = arguments.pointee.patches
    let part = task % arguments.pointee.laneParts
    let strip = task / arguments.pointee.laneParts % arguments.pointee.strips
    let group = task / arguments.pointee.laneParts / arguments.pointee.strips
    let firstSlot = group &* patches.samplesPerStrip
    let endSlot = min(firstSlot &+ patches.samplesPerStrip, arguments.pointee.batch.slots)
    let row = strip &* patches.rowsPerStrip
    let rows = min(patches.rowsPerStrip, patches.rows &- row)
    let firstLane = part &* arguments.pointee.lanesPerPart
    let endLane = min(firstLane &+ arguments.pointee.lanesPerPart, padded(arguments.pointee.destination.channels))
    let window = arguments.pointee.window
    let copy = window.scratch + worker &* window.scratchStride
    let sources = copy + arguments.pointee.copied
    let products = sources + Filter.coefficients &* patches.sourceStride
    var end = sources
    for slot in firstSlot..<endSlot where arguments.pointee.batch.isActive(slot) {
        end = transformStrip(
            filter, arguments.pointee.source, slot: slot, row: row, rows: rows, columns: patches.columns,
            coefficientStride: patches.sourceStride, window: window, copy: copy, to: end)
    }
    let count = (end - sources) / window.pixelStride
    var ahead = Lookahead(nothingAt: UnsafePointer(sources))
    if part &+ 1 == arguments.pointee.laneParts {
        let source = arguments.pointee.source
        let isWithinGroup = strip &+ 1 < arguments.pointee.strips
        let nextSlot = isWithinGroup ? firstSlot : endSlot
        let steps = Filter.coefficients &* tileCount(count) &* tileBlocks(endLane &- firstLane) &* source.channels
        if nextSlot < arguments.pointee.batch.slots {
            ahead = Lookahead(
                source,
                from: UnsafePointer(source.pixel(nextSlot, isWithinGroup ? Filter.inputStep &* (row &+ rows) : 0, 0)),
                count: patches.samplesPerStrip &* Filter.inputStep &* patches.rowsPerStrip &* source.rowStride,
                steps: steps)
        }
    }
    multiplyCoefficients(
        filter, arguments, lanes: firstLane..<endLane, patches: count, from: sources, to: products, ahead: &ahead)
    var product = UnsafePointer(products)
    for slot in firstSlot..<endSlot where arguments.pointee.batch.isActive(slot) {
        for r in row..<(row &+ rows) {
            for column in 0..<patches.columns {
                writeOutputs(
                    filter, arguments, slot, Filter.outputs &* r, Filter.outputs &* column, firstLane..<endLane,
                    from: product)
                product += patches.outputPatchStride
            }
            finishRows(filter, arguments, slot, Filter.outputs &* r, firstLane..<endLane)
        }
        if let sums = arguments.pointee.sums {
            let written = arguments.pointee.destination
            let end = min(Filter.outputs &* (row &+ rows), written.height)
            sumRuns(sums, written, slot: slot, rows: (Filter.outputs &* row)..<end, lanes: firstLane..<endLane)
        }
    }
}

/// Rows of outputs of a row of patches, just written.
@inline(__always)
private func finishRows<Filter: MinimalFilter>(
    _ filter: Filter.Type, _ arguments: UnsafePointer<WinogradArguments>, _ slot: Int, _ first: Int, _ range: Range<Int>
) {
    guard let finish = arguments.pointee.finish else { return }
    let view = arguments.pointee.destination
    for row in first..<min(first &+ Filter.outputs, view.height) {
        finish(
            view.pixel(slot, row, 0) + range.lowerBound, stride: view.pixelStride, count: view.width,
            channels: range.count,
            activated: finish.activated.map { UnsafePointer($0.pixel(slot, row, 0)) + range.lowerBound },
            activatedStride: finish.activated?.pixelStride ?? 0)
    }
}

/// For each element of a transformed tile: products[patch][lane] = sum over inputs of sources[patch][input] *
/// weights[input][lane].
@inline(__always)
private func multiplyCoefficients<Filter: MinimalFilter>(
    _ filter: Filter.Type, _ arguments: UnsafePointer<WinogradArguments>, lanes range: Range<Int>, patches: Int,
    from sources: UnsafePointer<Float>, to products: UnsafeMutablePointer<Float>, ahead: inout Lookahead
) {
    let layout = arguments.pointee.patches
    for coefficient in 0..<Filter.coefficients {
        forEachTile(range) { lane, isWide in
            let block = (lane >> 5) &* Filter.weightCoefficients &+ Filter.weights(meeting: coefficient)
            var job = MultiplyJob(
                source: sources + coefficient &* layout.sourceStride,
                sourceStride: arguments.pointee.window.pixelStride,
                weights: arguments.pointee.weights + (block &* arguments.pointee.weightStride &+ (lane & 31)),
                segments: arguments.pointee.segments, segmentCount: arguments.pointee.segmentCount, initial: nil,
                initialStride: 0,
                destination: products + (coefficient &* layout.outputStride &+ lane &- range.lowerBound),
                destinationStride: layout.outputPatchStride, ahead: ahead)
            multiplyRow(Broadcast.self, patches, isWide: isWide, &job)
            ahead = job.ahead
        }
    }
}

/// The outputs of one patch, as many as lie inside of the map.
@inline(__always)
private func writeOutputs<Filter: MinimalFilter>(
    _ filter: Filter.Type, _ arguments: UnsafePointer<WinogradArguments>, _ slot: Int, _ row: Int, _ column: Int,
    _ range: Range<Int>, from products: UnsafePointer<Float>
) {
    let stride = arguments.pointee.patches.outputStride
    let view = arguments.pointee.destination
    let rows = view.height &- row
    let columns = view.width &- column
    let destination = view.pixel(slot, row, column)
    let bias = arguments.pointee.bias
    var addend: UnsafePointer<Float>?
    var addendRow = 0
    var addendPixel = 0
    if let other = arguments.pointee.addend {
        addend = UnsafePointer(other.pixel(slot, row, column))
        addendRow = other.rowStride
        addendPixel = other.pixelStride
    }
    var lane = range.lowerBound
    while lane < range.upperBound {
        Filter.transformProducts(products + (lane &- range.lowerBound), coefficientStride: stride) { sum, row, column in
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
    switch arguments.pointee.filter {
    case .stride1Of2x2: transform(MinimalFilter2x2.self, arguments, task)
    case .stride1Of4x4: transform(MinimalFilter4x4.self, arguments, task)
    case .stride2: transform(MinimalFilterStride2.self, arguments, task)
    case .stride2Transposed: transform(MinimalFilterStride2Transposed.self, arguments, task)
    }
}

@inline(__always)
private func transform<Filter: MinimalFilter>(
    _ filter: Filter.Type, _ arguments: UnsafePointer<WinogradWeightArguments>, _ task: Int
) {
    let inputs = arguments.pointee.inputs
    let parts = (inputs &+ arguments.pointee.inputsPerPart &- 1) / arguments.pointee.inputsPerPart
    let block = task / parts
    let first = task % parts &* arguments.pointee.inputsPerPart
    let end = min(first &+ arguments.pointee.inputsPerPart, inputs)
    let tap = inputs &* 32
    let source = arguments.pointee.source + block &* 9 &* tap
    let stride = arguments.pointee.coefficientStride
    let target = arguments.pointee.destination + block &* Filter.weightCoefficients &* stride
    var i = first &* 32
    while i < end &* 32 {
        Filter.transformWeights(source + i, tapStride: tap, to: target + i, coefficientStride: stride)
        i &+= lanes
    }
}
