import KernelInterface

/// Rows of x as windows see them, the first of them at `base`: as they are, or normalised into scratch memory.
private func source(
    _ rows: (start: Int, end: Int), _ arguments: UnsafePointer<PoolingArguments>, _ slot: Int, _ worker: Int
) -> TensorView {
    var view = arguments.pointee.input
    view.base = UnsafeMutableRawPointer(view.pixel(slot, rows.start, 0))
    guard let normalization = arguments.pointee.normalization, let scratch = arguments.pointee.scratch else {
        return view
    }
    let channels = padded(view.channels)
    var copy = view
    copy.base = UnsafeMutableRawPointer(scratch + worker &* arguments.pointee.scratchStride)
    copy.pixelStride = channels
    copy.rowStride = view.width &* channels
    var target = copy.floats
    for row in 0..<(rows.end &- rows.start) {
        for column in 0..<view.width {
            let pixel = UnsafePointer(view.floats + (row &* view.rowStride &+ column &* view.pixelStride))
            var lane = 0
            while lane < channels {
                prefetch(pixel + lane, pixelStride: view.pixelStride)
                lane &+= 16
            }
            normalization.copy(channels, from: pixel, to: target)
            target += channels
        }
    }
    return copy
}

/// y = the maximum of the window; padding never wins.
func maxPool(_ arguments: UnsafePointer<PoolingArguments>, _ task: Int, _ worker: Int) {
    guard arguments.pointee.batch.isActive(task) else { return }
    let input = arguments.pointee.input
    let output = arguments.pointee.output
    for row in 0..<output.height {
        let rows = clipped(row, arguments.pointee, extent: input.height)
        let source = source(rows, arguments, task, worker)
        for column in 0..<output.width {
            let columns = clipped(column, arguments.pointee, extent: input.width)
            let x = UnsafePointer(source.floats + columns.start &* source.pixelStride)
            let y = output.pixel(task, row, column)
            withSize(rows, columns) { height, width in
                maximum(source, x, rows: height, columns: width, channels: padded(output.channels), to: y)
            }
        }
    }
}

@inline(__always)
private func maximum(
    _ input: TensorView, _ x: UnsafePointer<Float>, rows: Int, columns: Int, channels: Int,
    to y: UnsafeMutablePointer<Float>
) {
    var lane = 0
    while lane < channels {
        var best = Vector(repeating: -.infinity)
        // The window's last row is the one that the window above has not read.
        prefetch(x + ((rows &- 1) &* input.rowStride &+ lane), pixelStride: input.pixelStride)
        for row in 0..<rows {
            for column in 0..<columns {
                let value = vector(x + (row &* input.rowStride &+ column &* input.pixelStride &+ lane))
                // NaN wins and stays, as in torch.
                best = best.replacing(with: value, where: (value .> best) .| (value .!= value))
            }
        }
        put(best, y + lane)
        lane &+= lanes
    }
}

/// dy of a maximum: masked where x has come through an activation.
@inline(__always)
private func passed(_ activation: FusedActivation?, _ maximum: Vector, _ dy: Vector) -> Vector {
    switch activation?.function {
    case .relu: ReLU.gradient(maximum, dy)
    case .relu6: ReLU6.gradient(maximum, dy)
    default: dy
    }
}

/// dx += dy at the first maximum of each window, in row order.
func maxPoolGradient(_ arguments: UnsafePointer<PoolingArguments>, _ task: Int, _ worker: Int) {
    guard let outputGradient = arguments.pointee.outputGradient, let inputGradient = arguments.pointee.inputGradient,
        arguments.pointee.batch.isActive(task)
    else { return }
    let input = arguments.pointee.input
    let output = arguments.pointee.output
    let activation = arguments.pointee.activation
    beginGradient(inputGradient, arguments.pointee.addend, task)
    for row in 0..<output.height {
        let rows = clipped(row, arguments.pointee, extent: input.height)
        let source = source(rows, arguments, task, worker)
        for column in 0..<output.width {
            let columns = clipped(column, arguments.pointee, extent: input.width)
            let x = UnsafePointer(source.floats + columns.start &* source.pixelStride)
            let y = UnsafePointer(output.pixel(task, row, column))
            let dy = UnsafePointer(outputGradient.pixel(task, row, column))
            let dx = inputGradient.pixel(task, rows.start, columns.start)
            if rows.end &- rows.start == 3 && columns.end &- columns.start == 3 {
                addToMaximumOfNine(
                    source, x, y, dy, activation, channels: padded(output.channels), inputGradient, to: dx)
            } else {
                addToMaximum(
                    source, x, y, dy, activation, rows: rows.end &- rows.start, columns: columns.end &- columns.start,
                    channels: padded(output.channels), inputGradient, to: dx)
            }
        }
    }
}

@inline(__always)
private func addToMaximum(
    _ input: TensorView, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
    _ activation: FusedActivation?,
    rows: Int, columns: Int, channels: Int, _ inputGradient: TensorView, to dx: UnsafeMutablePointer<Float>
) {
    let zero = Vector(repeating: 0)
    var lane = 0
    while lane < channels {
        let best = vector(y + lane)
        var gradient = passed(activation, best, vector(dy + lane))
        for row in 0..<rows {
            for column in 0..<columns {
                let value = vector(x + (row &* input.rowStride &+ column &* input.pixelStride &+ lane))
                let target = dx + (row &* inputGradient.rowStride &+ column &* inputGradient.pixelStride &+ lane)
                let isMaximum = value .== best
                put(vector(target) + zero.replacing(with: gradient, where: isMaximum), target)
                // The first maximum takes it all.
                gradient = gradient.replacing(with: zero, where: isMaximum)
            }
        }
        lane &+= lanes
    }
}

/// Adds dy to the maxima of 3x3 windows. All is read before anything is written: rows often lie a multiple of 4096
/// bytes apart, and a read after a write to an address with the same end would wait for it.
private func addToMaximumOfNine(
    _ input: TensorView, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
    _ activation: FusedActivation?, channels: Int, _ inputGradient: TensorView, to dx: UnsafeMutablePointer<Float>
) {
    let zero = Vector(repeating: 0)
    var shares: (Vector, Vector, Vector, Vector, Vector, Vector, Vector, Vector, Vector) =
        (zero, zero, zero, zero, zero, zero, zero, zero, zero)
    withUnsafeMutableBytes(of: &shares) { memory in
        guard let base = memory.baseAddress else { return }
        let shares = base.assumingMemoryBound(to: Float.self)
        var lane = 0
        while lane < channels {
            // Mostly the pixels of y and dy follow each other without a gap; asking for others costs nothing.
            let best = streamed(y + lane, pixelStride: channels)
            var gradient = passed(activation, best, streamed(dy + lane, pixelStride: channels))
            prefetch(x + (2 &* input.rowStride &+ lane), pixelStride: input.pixelStride)
            prefetch(dx + (2 &* inputGradient.rowStride &+ lane), pixelStride: inputGradient.pixelStride)
            for row in 0..<3 {
                for column in 0..<3 {
                    let isMaximum =
                        vector(x + (row &* input.rowStride &+ column &* input.pixelStride &+ lane)) .== best
                    let target = dx + (row &* inputGradient.rowStride &+ column &* inputGradient.pixelStride &+ lane)
                    put(
                        vector(target) + zero.replacing(with: gradient, where: isMaximum),
                        shares + (3 &* row &+ column) &* lanes)
                    // The first maximum takes it all.
                    gradient = gradient.replacing(with: zero, where: isMaximum)
                }
            }
            for row in 0..<3 {
                for column in 0..<3 {
                    let target = dx + (row &* inputGradient.rowStride &+ column &* inputGradient.pixelStride &+ lane)
                    put(vector(shares + (3 &* row &+ column) &* lanes), target)
                }
            }
            lane &+= lanes
        }
    }
}

/// Adds the kernels of this file.
func addMaxPoolingKernels(to table: inout KernelTable) {
    table.maxPool.body = maxPool
    table.maxPoolGradient.body = maxPoolGradient
}
