import KernelInterface

// Winograd's minimal filtering F(2x2, 3x3): Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016.
//
//   Y = A' [(G g G') * (B' d B)] A
//
// d: 4x4 inputs of a patch, g: 3x3 weights, Y: 2x2 outputs; * goes coefficient by coefficient, so that a patch takes 16 products
// for each input and output instead of 36. Over many patches the products of one coefficient are a matrix product
// [patches][inputs] x [inputs][outputs], which is the register tile's: each of its elements is one chain along the inputs.
// The transforms are sums of few terms, vector by vector along channels: the bits depend on no tile, task or vector width.
//
// The data gradient is the convolution of dy with the kernels turned by half a circle.

/// Four numbers along one side of a patch.
private typealias Side = (Vector, Vector, Vector, Vector)

/// B' d
@inline(__always)
private func inputSide(_ d0: Vector, _ d1: Vector, _ d2: Vector, _ d3: Vector) -> Side {
    (d0 - d2, d1 + d2, d2 - d1, d1 - d3)
}

/// G g
@inline(__always)
private func weightSide(_ g0: Vector, _ g1: Vector, _ g2: Vector) -> Side {
    let half = Vector(repeating: 0.5)
    let ends = g0 + g2
    return (g0, (ends + g1) * half, (ends - g1) * half, g2)
}

/// A' m
@inline(__always)
private func outputSide(_ m: Side) -> (Vector, Vector) {
    (m.0 + m.1 + m.2, m.1 - m.2 - m.3)
}

/// The coefficients of one patch of the source.
@inline(__always)
private func transformSource(
    _ channels: Int, from source: UnsafePointer<Float>, pixelStride: Int, rowStride: Int,
    to target: UnsafeMutablePointer<Float>, coefficientStride: Int
) {
    @inline(__always)
    func column(_ c: Int, _ i: Int) -> Side {
        let top = source + (c &* pixelStride &+ i)
        return inputSide(
            vector(top), vector(top + rowStride), vector(top + 2 &* rowStride), vector(top + 3 &* rowStride))
    }
    @inline(__always)
    func write(_ row: Int, _ i: Int, _ side: Side) {
        let place = target + (4 &* row &* coefficientStride &+ i)
        put(side.0, place)
        put(side.1, place + coefficientStride)
        put(side.2, place + 2 &* coefficientStride)
        put(side.3, place + 3 &* coefficientStride)
    }
    var i = 0
    while i < channels {
        let a = column(0, i)
        let b = column(1, i)
        let c = column(2, i)
        let d = column(3, i)
        write(0, i, inputSide(a.0, b.0, c.0, d.0))
        write(1, i, inputSide(a.1, b.1, c.1, d.1))
        write(2, i, inputSide(a.2, b.2, c.2, d.2))
        write(3, i, inputSide(a.3, b.3, c.3, d.3))
        i &+= lanes
    }
}

/// The coefficients of some rows of patches of one sample: copied, with zeros around, then transformed.
///
/// - Returns: where the next patch's go.
@inline(__always)
func transformStrip(
    _ source: TensorView, slot: Int, row: Int, rows: Int, columns: Int, coefficientStride: Int, window: SourceWindow,
    copy: UnsafeMutablePointer<Float>, to target: UnsafeMutablePointer<Float>
) -> UnsafeMutablePointer<Float> {
    let rowStride = window.width &* window.pixelStride
    copyWindow(
        source, slot: slot, firstRow: 2 &* row &- window.padTop, rows: 2 &* rows &+ 2, window: window, to: copy)
    var patch = target
    for r in 0..<rows {
        var origin = UnsafePointer(copy + 2 &* r &* rowStride)
        for _ in 0..<columns {
            transformSource(
                padded(source.channels), from: origin, pixelStride: window.pixelStride, rowStride: rowStride, to: patch,
                coefficientStride: coefficientStride)
            origin += 2 &* window.pixelStride
            patch += window.pixelStride
        }
    }
    return patch
}

func convolveWinograd(_ arguments: UnsafePointer<WinogradArguments>, _ task: Int, _ worker: Int) {
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
    let products = sources + 16 &* patches.sourceStride
    var end = sources
    for slot in firstSlot..<endSlot where arguments.pointee.batch.isActive(slot) {
        end = transformStrip(
            arguments.pointee.source, slot: slot, row: row, rows: rows, columns: patches.columns,
            coefficientStride: patches.sourceStride, window: window, copy: copy, to: end)
    }
    let count = (end - sources) / window.pixelStride
    var ahead = Lookahead(nothingAt: UnsafePointer(sources))
    if part &+ 1 == arguments.pointee.laneParts {
        let source = arguments.pointee.source
        let isWithinGroup = strip &+ 1 < arguments.pointee.strips
        let nextSlot = isWithinGroup ? firstSlot : endSlot
        let steps = 16 &* tileCount(count) &* tileBlocks(endLane &- firstLane) &* source.channels
        if nextSlot < arguments.pointee.batch.slots {
            ahead = Lookahead(
                source, from: UnsafePointer(source.pixel(nextSlot, isWithinGroup ? 2 &* (row &+ rows) : 0, 0)),
                count: patches.samplesPerStrip &* 2 &* patches.rowsPerStrip &* source.rowStride, steps: steps)
        }
    }
    multiplyCoefficients(
        arguments, lanes: firstLane..<endLane, patches: count, from: sources, to: products, ahead: &ahead)
    var product = UnsafePointer(products)
    for slot in firstSlot..<endSlot where arguments.pointee.batch.isActive(slot) {
        for r in row..<(row &+ rows) {
            for column in 0..<patches.columns {
                writeOutputs(arguments, slot, 2 &* r, 2 &* column, firstLane..<endLane, from: product)
                product += patches.outputPatchStride
            }
            finishRows(arguments, slot, 2 &* r, firstLane..<endLane)
        }
        if let sums = arguments.pointee.sums {
            let written = arguments.pointee.destination
            let end = min(2 &* (row &+ rows), written.height)
            sumRuns(sums, written, slot: slot, rows: (2 &* row)..<end, lanes: firstLane..<endLane)
        }
    }
}

/// Two rows of outputs, just written.
@inline(__always)
private func finishRows(
    _ arguments: UnsafePointer<WinogradArguments>, _ slot: Int, _ first: Int, _ range: Range<Int>
) {
    guard let finish = arguments.pointee.finish else { return }
    let view = arguments.pointee.destination
    for row in first..<min(first &+ 2, view.height) {
        finish(
            view.pixel(slot, row, 0) + range.lowerBound, stride: view.pixelStride, count: view.width,
            channels: range.count,
            activated: finish.activated.map { UnsafePointer($0.pixel(slot, row, 0)) + range.lowerBound },
            activatedStride: finish.activated?.pixelStride ?? 0)
    }
}

/// For each coefficient: products[patch][lane] = sum over inputs of sources[patch][input] * weights[input][lane].
@inline(__always)
private func multiplyCoefficients(
    _ arguments: UnsafePointer<WinogradArguments>, lanes range: Range<Int>, patches: Int,
    from sources: UnsafePointer<Float>, to products: UnsafeMutablePointer<Float>, ahead: inout Lookahead
) {
    let layout = arguments.pointee.patches
    let inputs = arguments.pointee.source.channels
    for coefficient in 0..<16 {
        forEachTile(range) { lane, isWide in
            let block = (lane >> 5) &* 16 &+ coefficient
            var job = MultiplyJob(
                source: sources + coefficient &* layout.sourceStride,
                sourceStride: arguments.pointee.window.pixelStride,
                weights: arguments.pointee.weights + (block &* inputs &* 32 &+ (lane & 31)),
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
private func writeOutputs(
    _ arguments: UnsafePointer<WinogradArguments>, _ slot: Int, _ row: Int, _ column: Int, _ range: Range<Int>,
    from products: UnsafePointer<Float>
) {
    let stride = arguments.pointee.patches.outputStride
    let view = arguments.pointee.destination
    let hasRight = column &+ 1 < view.width
    let hasBottom = row &+ 1 < view.height
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
    @inline(__always)
    func side(_ row: Int, _ i: Int) -> (Vector, Vector) {
        let place = products + (4 &* row &* stride &+ i)
        return outputSide(
            (vector(place), vector(place + stride), vector(place + 2 &* stride), vector(place + 3 &* stride)))
    }
    @inline(__always)
    func write(_ y: Vector, _ row: Int, _ column: Int, _ lane: Int) {
        var y = y
        if let bias { y += vector(bias + lane) }
        if let addend { y += vector(addend + (row &* addendRow &+ column &* addendPixel &+ lane)) }
        put(y, destination + (row &* view.rowStride &+ column &* view.pixelStride &+ lane))
    }
    var lane = range.lowerBound
    while lane < range.upperBound {
        let i = lane &- range.lowerBound
        let a = side(0, i)
        let b = side(1, i)
        let c = side(2, i)
        let d = side(3, i)
        let left = outputSide((a.0, b.0, c.0, d.0))
        let right = outputSide((a.1, b.1, c.1, d.1))
        write(left.0, 0, 0, lane)
        if hasRight { write(right.0, 0, 1, lane) }
        if hasBottom {
            write(left.1, 1, 0, lane)
            if hasRight { write(right.1, 1, 1, lane) }
        }
        lane &+= lanes
    }
}

func transformWeights(_ arguments: UnsafePointer<WinogradWeightArguments>, _ task: Int, _ worker: Int) {
    let inputs = arguments.pointee.inputs
    let parts = (inputs &+ arguments.pointee.inputsPerPart &- 1) / arguments.pointee.inputsPerPart
    let block = task / parts
    let first = task % parts &* arguments.pointee.inputsPerPart
    let end = min(first &+ arguments.pointee.inputsPerPart, inputs)
    let source = arguments.pointee.source + block &* 9 &* inputs &* 32
    let target = arguments.pointee.destination + block &* 16 &* inputs &* 32
    let tap = inputs &* 32
    var i = first &* 32
    while i < end &* 32 {
        @inline(__always)
        func column(_ c: Int) -> Side {
            let top = source + (c &* tap &+ i)
            return weightSide(vector(top), vector(top + 3 &* tap), vector(top + 6 &* tap))
        }
        @inline(__always)
        func write(_ row: Int, _ side: Side) {
            let place = target + (4 &* row &* tap &+ i)
            put(side.0, place)
            put(side.1, place + tap)
            put(side.2, place + 2 &* tap)
            put(side.3, place + 3 &* tap)
        }
        let a = column(0)
        let b = column(1)
        let c = column(2)
        write(0, weightSide(a.0, b.0, c.0))
        write(1, weightSide(a.1, b.1, c.1))
        write(2, weightSide(a.2, b.2, c.2))
        write(3, weightSide(a.3, b.3, c.3))
        i &+= lanes
    }
}
