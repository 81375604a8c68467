import KernelInterface

// Data gradients of convolutions that read a few channels c. With these alone as lanes most lanes would be nobody's. So
//
//   z[p, q, (s, c)] = sum over r, k of dy[p + padding - r, q, k] * w[k, c, r, s]        a convolution of r x 1, whose lanes s fills
//   dx[p, q, c] = sum over s of z[p, q + padding - s, (s, c)]                           in the order of columns of dy

func shearWeights(_ arguments: UnsafePointer<ShearedWeightArguments>, _ task: Int, _ worker: Int) {
    let inputs = arguments.pointee.inputs
    let outputs = arguments.pointee.outputs
    let width = arguments.pointee.kernelWidth
    let taps = arguments.pointee.kernelHeight &* width
    let firstTap = (arguments.pointee.kernelHeight &- 1 &- task) &* width
    var target = arguments.pointee.destination + task &* outputs &* 32
    for output in 0..<outputs {
        // The taps of a row lie one after the other, as their inputs do.
        let row = ((output >> 5) &* taps &+ firstTap) &* inputs
        var source = arguments.pointee.source + (row &* 32 &+ (output & 31))
        for lane in 0..<(width &* inputs) {
            target[lane] = source.pointee
            source += 32
        }
        for lane in (width &* inputs)..<32 { target[lane] = 0 }
        target += 32
    }
}

/// The tasks are the convolution's: each leaves its rows of z in a cache, where their sums find them.
func convolveSheared(_ arguments: UnsafePointer<ShearArguments>, _ task: Int, _ worker: Int) {
    var convolution = arguments.pointee.convolution
    let firstSlot = task / convolution.strips &* convolution.samplesPerGroup
    let endSlot = min(firstSlot &+ convolution.samplesPerGroup, convolution.batch.slots)
    let rows = writtenRows(&convolution, firstRow: task % convolution.strips &* convolution.rowsPerStrip)
    convolution.destination.base +=
        worker &* convolution.window.scratchStride &- firstSlot &* convolution.destination.sampleStride
        &- rows.lowerBound &* convolution.destination.rowStride
    convolve(&convolution, task, worker)
    for slot in firstSlot..<endSlot where convolution.batch.isActive(slot) {
        for row in rows { sumSheared(arguments, convolution.destination, slot: slot, row: row) }
    }
}

/// A row of dx.
@inline(__always)
private func sumSheared(_ arguments: UnsafePointer<ShearArguments>, _ sheared: TensorView, slot: Int, row: Int) {
    let destination = arguments.pointee.destination
    let channels = destination.channels
    let lastTap = arguments.pointee.kernelWidth &- 1
    // From a tap to the one before it, of the next pixel.
    let step = sheared.pixelStride &- channels
    let source = UnsafePointer(sheared.pixel(slot, row, 0))
    for column in 0..<destination.width {
        let pixel = column &+ arguments.pointee.padding
        let first = min(lastTap, pixel)
        let last = max(0, pixel &- sheared.width &+ 1)
        let start = source + ((pixel &- first) &* sheared.pixelStride &+ first &* channels)
        let target = destination.pixel(slot, row, column)
        var lane = 0
        while lane < channels {
            var sum = Vector(repeating: 0)
            var place = start + lane
            var tap = first
            while tap >= last {
                sum += vector(place)
                place += step
                tap &-= 1
            }
            if let addend = arguments.pointee.addend { sum += vector(addend.pixel(slot, row, column) + lane) }
            put(sum, target + lane)
            lane &+= lanes
        }
    }
    if let finish = arguments.pointee.finish {
        finish(
            destination.pixel(slot, row, 0), stride: destination.pixelStride, count: destination.width,
            channels: channels, activated: finish.activated.map { UnsafePointer($0.pixel(slot, row, 0)) },
            activatedStride: finish.activated?.pixelStride ?? 0)
    }
}
