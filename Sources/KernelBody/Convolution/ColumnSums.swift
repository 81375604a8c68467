import KernelInterface

// GEMM + col2im along the width: data gradients of convolutions that read a few channels c. With these alone as lanes
// most lanes would be unused. So
//
//   z[p, q, (s, c)] = sum over r, k of dy[p + padding - r, q, k] * w[k, c, r, s]     a convolution of r x 1, s in lanes
//   dx[p, q, c] = sum over s of z[p, q + padding - s, (s, c)]                        in the order of columns of dy

func rowTapWeights(_ arguments: UnsafePointer<RowTapWeightArguments>, _ task: Int, _ worker: Int) {
    let inputs = arguments.pointee.inputs
    let outputs = arguments.pointee.outputs
    let width = arguments.pointee.kernelWidth
    let taps = arguments.pointee.kernelHeight &* width
    let firstTap = (arguments.pointee.kernelHeight &- 1 &- task) &* width
    var target = arguments.pointee.destination + task &* outputs &* blockLanes
    for output in 0..<outputs {
        // The taps of a row lie one after the other, as their inputs do.
        let row = (blockIndex(output) &* taps &+ firstTap) &* inputs
        var source = arguments.pointee.source + (row &* blockLanes &+ laneInBlock(output))
        for lane in 0..<(width &* inputs) {
            target[lane] = source.pointee
            source += blockLanes
        }
        for lane in (width &* inputs)..<blockLanes { target[lane] = 0 }
        target += blockLanes
    }
}

/// Computes the products and their sums in one task, so that its rows of z are still in a cache when they are summed.
func sumColumns(_ arguments: UnsafePointer<ColumnSumArguments>, _ task: Int, _ worker: Int) {
    var convolution = arguments.pointee.convolution
    let (group, rowBlock, _) = convolution.blocking.place(of: task)
    let slots = convolution.blocking.slots(of: group, in: convolution.batch)
    let rows = writtenRows(&convolution, firstRow: rowBlock &* convolution.blocking.rowsPerBlock)
    let first = worker &* convolution.window.scratchStride
    let sample = slots.lowerBound &* convolution.destination.sampleStride
    let row = rows.lowerBound &* convolution.destination.rowStride
    convolution.destination.base = UnsafeMutableRawPointer(
        convolution.destination.floats + (first &- sample &- row))
    convolve(&convolution, task, worker)
    clearMargins(arguments, convolution.destination, slots: slots, rows: rows)
    for slot in slots where convolution.batch.isActive(slot) {
        for row in rows { sumRow(arguments, convolution.destination, slot: slot, row: row) }
    }
}

/// Zeros before the rows of z and behind the last one, so that each pixel of dx is a sum of as many taps.
private func clearMargins(
    _ arguments: UnsafePointer<ColumnSumArguments>, _ products: TensorView, slots: Range<Int>, rows: Range<Int>
) {
    let margin = arguments.pointee.margin &* products.pixelStride
    for slot in slots {
        for row in rows.lowerBound...rows.upperBound { zeroFloats(margin, at: products.pixel(slot, row, 0) - margin) }
    }
}

/// Computes a row of dx.
@inline(__always)
private func sumRow(_ arguments: UnsafePointer<ColumnSumArguments>, _ products: TensorView, slot: Int, row: Int) {
    let destination = arguments.pointee.destination
    let source = UnsafePointer(products.pixel(slot, row, 0)) - arguments.pointee.margin &* products.pixelStride
    let addend = arguments.pointee.epilogue.addend
    switch arguments.pointee.kernelWidth {
    case 3: sumTaps(3, source, products, addend, to: destination, slot: slot, row: row)
    case 5: sumTaps(5, source, products, addend, to: destination, slot: slot, row: row)
    case let taps: sumTaps(taps, source, products, addend, to: destination, slot: slot, row: row)
    }
    if let activation = arguments.pointee.epilogue.activation {
        activation(
            destination.pixel(slot, row, 0), stride: destination.pixelStride, count: destination.width,
            channels: destination.channels,
            activated: activation.activated.map { UnsafePointer($0.pixel(slot, row, 0)) },
            activatedStride: activation.activated?.pixelStride ?? 0)
    }
}

/// Writes to each pixel the sum of `taps` vectors, the first of which is at `source` for the first pixel. A constant
/// number of taps needs no loop.
@inline(__always)
private func sumTaps(
    _ taps: Int, _ source: UnsafePointer<Float>, _ products: TensorView, _ addend: TensorView?,
    to destination: TensorView, slot: Int, row: Int
) {
    let channels = destination.channels
    // From a tap to the one before it, of the next pixel.
    let step = products.pixelStride &- channels
    for column in 0..<destination.width {
        let target = destination.pixel(slot, row, column)
        var lane = 0
        while lane < channels {
            let place = source + (column &* products.pixelStride &+ (taps &- 1) &* channels &+ lane)
            var sum = Vector(repeating: 0)
            for tap in 0..<taps { sum += vector(place + tap &* step) }
            if let addend { sum += vector(addend.pixel(slot, row, column) + lane) }
            put(sum, target + lane, pixelStride: destination.pixelStride)
            lane &+= lanes
        }
    }
}

/// Adds the kernels of this file.
func addColumnSumsKernels(to table: inout KernelTable) {
    table.rowTapWeights.body = rowTapWeights
    table.sumColumns.body = sumColumns
}
