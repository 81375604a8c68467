import KernelInterface

/// The part of a pooling window that lies inside the map.
@inline(__always)
private func clipped(_ position: Int, _ arguments: PoolingArguments, extent: Int) -> (start: Int, end: Int) {
    let start = position &* arguments.stride &- arguments.padding
    return (max(start, 0), min(start &+ arguments.kernel, extent))
}

/// Zero, or the addend, as the start of a gradient that windows add to.
private func beginGradient(_ target: TensorView, _ addend: TensorView?, _ slot: Int) {
    for pixel in 0..<(target.height &* target.width) {
        let to = target.sample(slot) + pixel &* target.pixelStride
        if let addend {
            let from = addend.sample(slot) + pixel &* addend.pixelStride
            if from != to { copyFloats(padded(target.channels), from: from, to: to) }
        } else {
            zeroFloats(padded(target.channels), at: to)
        }
    }
}

/// Calls `body` with the size of a window: as constants where it is a usual one, so that its loops are unrolled.
@inline(__always)
private func withSize(
    _ rows: (start: Int, end: Int), _ columns: (start: Int, end: Int), _ body: (_ rows: Int, _ columns: Int) -> Void
) {
    switch (rows.end &- rows.start, columns.end &- columns.start) {
    case (3, 3): body(3, 3)
    case (2, 3): body(2, 3)
    case (3, 2): body(3, 2)
    case (2, 2): body(2, 2)
    case (let height, let width): body(height, width)
    }
}

/// Rows of x as windows see them, the first of them at `base`: as they are, or normalised into scratch memory.
private func source(
    _ rows: (start: Int, end: Int), _ arguments: UnsafePointer<PoolingArguments>, _ slot: Int, _ worker: Int
) -> TensorView {
    var view = arguments.pointee.input
    view.base = view.pixel(slot, rows.start, 0)
    guard let normalization = arguments.pointee.normalization, let scratch = arguments.pointee.scratch else {
        return view
    }
    let channels = padded(view.channels)
    var copy = view
    copy.base = scratch + worker &* arguments.pointee.scratchStride
    copy.pixelStride = channels
    copy.rowStride = view.width &* channels
    var target = copy.base
    for row in 0..<(rows.end &- rows.start) {
        for column in 0..<view.width {
            let pixel = UnsafePointer(view.base + (row &* view.rowStride &+ column &* view.pixelStride))
            var lane = 0
            while lane < channels {
                askAhead(pixel + lane, pixelStride: view.pixelStride)
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
            let x = UnsafePointer(source.base + columns.start &* source.pixelStride)
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
        askAhead(x + ((rows &- 1) &* input.rowStride &+ lane), pixelStride: input.pixelStride)
        for row in 0..<rows {
            for column in 0..<columns {
                let value = vector(x + (row &* input.rowStride &+ column &* input.pixelStride &+ lane))
                // What is not a number wins and stays, as it does in torch.
                best = best.replacing(with: value, where: (value .> best) .| (value .!= value))
            }
        }
        put(best, y + lane)
        lane &+= lanes
    }
}

/// dy of a maximum: where x has come through an activation, what its gradient lets pass.
@inline(__always)
private func passed(_ finish: Finish?, _ maximum: Vector, _ dy: Vector) -> Vector {
    switch finish?.function {
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
    let finish = arguments.pointee.finish
    beginGradient(inputGradient, arguments.pointee.addend, task)
    for row in 0..<output.height {
        let rows = clipped(row, arguments.pointee, extent: input.height)
        let source = source(rows, arguments, task, worker)
        for column in 0..<output.width {
            let columns = clipped(column, arguments.pointee, extent: input.width)
            let x = UnsafePointer(source.base + columns.start &* source.pixelStride)
            let y = UnsafePointer(output.pixel(task, row, column))
            let dy = UnsafePointer(outputGradient.pixel(task, row, column))
            let dx = inputGradient.pixel(task, rows.start, columns.start)
            if rows.end &- rows.start == 3 && columns.end &- columns.start == 3 {
                addToMaximumOfNine(source, x, y, dy, finish, channels: padded(output.channels), inputGradient, to: dx)
            } else {
                addToMaximum(
                    source, x, y, dy, finish, rows: rows.end &- rows.start, columns: columns.end &- columns.start,
                    channels: padded(output.channels), inputGradient, to: dx)
            }
        }
    }
}

@inline(__always)
private func addToMaximum(
    _ input: TensorView, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
    _ finish: Finish?,
    rows: Int, columns: Int, channels: Int, _ inputGradient: TensorView, to dx: UnsafeMutablePointer<Float>
) {
    let zero = Vector(repeating: 0)
    var lane = 0
    while lane < channels {
        let best = vector(y + lane)
        var gradient = passed(finish, best, vector(dy + lane))
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

/// The same for windows of 3x3. All is read before anything is written: rows often lie a multiple of 4096 bytes apart, and a read behind
/// a write to an address that ends alike would wait for it.
private func addToMaximumOfNine(
    _ input: TensorView, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
    _ finish: Finish?, channels: Int, _ inputGradient: TensorView, to dx: UnsafeMutablePointer<Float>
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
            var gradient = passed(finish, best, streamed(dy + lane, pixelStride: channels))
            askAhead(x + (2 &* input.rowStride &+ lane), pixelStride: input.pixelStride)
            askAhead(dx + (2 &* inputGradient.rowStride &+ lane), pixelStride: inputGradient.pixelStride)
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

/// Elements a window's average is over: padding counts, what ceil mode adds beyond it does not.
@inline(__always)
private func divisor(_ row: Int, _ column: Int, _ arguments: PoolingArguments, height: Int, width: Int) -> Int {
    let top = row &* arguments.stride &- arguments.padding
    let left = column &* arguments.stride &- arguments.padding
    let rows = min(top &+ arguments.kernel, height &+ arguments.padding) &- top
    let columns = min(left &+ arguments.kernel, width &+ arguments.padding) &- left
    return rows &* columns
}

/// A division by the elements of a window: by a multiplication where that is the same to the bit, as for powers of two, since divisions
/// take ten times as long.
private struct Share {
    private let number: Float
    let multiplies: Bool

    @inline(__always)
    init(_ count: Int) {
        multiplies = count & (count &- 1) == 0
        number = multiplies ? 1 / Float(count) : Float(count)
    }

    @inline(__always)
    func of(_ sum: Vector) -> Vector {
        multiplies ? times(sum) : sum / Vector(repeating: number)
    }

    /// Where it multiplies.
    @inline(__always)
    func times(_ sum: Vector) -> Vector { sum * Vector(repeating: number) }
}

/// y = the mean of the window.
func averagePool(_ arguments: UnsafePointer<PoolingArguments>, _ task: Int, _ worker: Int) {
    guard arguments.pointee.batch.isActive(task) else { return }
    let input = arguments.pointee.input
    let output = arguments.pointee.output
    let size = arguments.pointee.kernel
    let whole = Share(size &* size)
    let reachesBeyond =
        arguments.pointee.padding > 0 || (output.width &- 1) &* arguments.pointee.stride &+ size > input.width
    for row in 0..<output.height {
        let rows = clipped(row, arguments.pointee, extent: input.height)
        if !reachesBeyond && rows.end &- rows.start == size {
            let x = UnsafePointer(input.pixel(task, rows.start, 0))
            let y = output.pixel(task, row, 0)
            let step = arguments.pointee.stride &* input.pixelStride
            withSize(rows, (0, size)) { averageRow(input, x, step: step, rows: $0, columns: $1, whole, output, to: y) }
            continue
        }
        for column in 0..<output.width {
            let columns = clipped(column, arguments.pointee, extent: input.width)
            average(
                input, UnsafePointer(input.pixel(task, rows.start, columns.start)), rows: rows.end &- rows.start,
                columns: columns.end &- columns.start,
                Share(divisor(row, column, arguments.pointee, height: input.height, width: input.width)), output,
                to: output.pixel(task, row, column))
        }
    }
}

/// A row of windows of one size, `step` floats from one to the next.
@inline(__always)
private func averageRow(
    _ input: TensorView, _ x: UnsafePointer<Float>, step: Int, rows: Int, columns: Int, _ share: Share,
    _ output: TensorView, to y: UnsafeMutablePointer<Float>
) {
    // In small maps what would be asked for each pixel is half of the time.
    if output.isNarrow && share.multiplies && lanes >= narrowLanes {
        for column in 0..<output.width {
            let sum = windowSum(input, x + column &* step, rows: rows, columns: columns)
            put(share.times(sum), y + column &* narrowLanes, pixelStride: narrowLanes)
        }
    } else {
        for column in 0..<output.width {
            average(
                input, x + column &* step, rows: rows, columns: columns, share, output,
                to: y + column &* output.pixelStride)
        }
    }
}

/// dx += dy / count over each window.
func averagePoolGradient(_ arguments: UnsafePointer<PoolingArguments>, _ task: Int, _ worker: Int) {
    guard let outputGradient = arguments.pointee.outputGradient, let inputGradient = arguments.pointee.inputGradient,
        arguments.pointee.batch.isActive(task)
    else { return }
    if let finish = arguments.pointee.finish, let activated = finish.activated {
        switch finish.function {
        case .relu: return spreadBehind(ReLU.self, arguments, outputGradient, activated, to: inputGradient, task)
        case .relu6: return spreadBehind(ReLU6.self, arguments, outputGradient, activated, to: inputGradient, task)
        case .sigmoid: return spreadBehind(Sigmoid.self, arguments, outputGradient, activated, to: inputGradient, task)
        case .tanh:
            return spreadBehind(HyperbolicTangent.self, arguments, outputGradient, activated, to: inputGradient, task)
        }
    }
    beginGradient(inputGradient, arguments.pointee.addend, task)
    for row in 0..<outputGradient.height {
        let rows = clipped(row, arguments.pointee, extent: inputGradient.height)
        for column in 0..<outputGradient.width {
            let columns = clipped(column, arguments.pointee, extent: inputGradient.width)
            let count = divisor(
                row, column, arguments.pointee, height: inputGradient.height, width: inputGradient.width)
            spread(outputGradient.pixel(task, row, column), task, rows, columns, count: count, to: inputGradient)
        }
    }
}

/// dx = f'(y) * dy / count of an activation before the averages, y its output, where windows cover the map and do not overlap.
@inline(__always)
private func spreadBehind<F: NumberFunction>(
    _ function: F.Type, _ arguments: UnsafePointer<PoolingArguments>, _ outputGradient: TensorView,
    _ activated: TensorView, to inputGradient: TensorView, _ slot: Int
) {
    let size = arguments.pointee.kernel
    let part = Share(size &* size)
    let channels = inputGradient.channels
    if inputGradient.isNarrow && activated.isNarrow && size & 1 == 0 {
        return spreadInPairs(F.self, size, part, outputGradient, activated, to: inputGradient, slot)
    }
    for row in 0..<inputGradient.height {
        var gradient = outputGradient.pixel(slot, row / size, 0)
        var y = activated.pixel(slot, row, 0)
        var dx = inputGradient.pixel(slot, row, 0)
        for _ in 0..<outputGradient.width {
            var lane = 0
            while lane < channels {
                let share = Vector(repeating: 0) + part.of(vector(gradient + lane))
                for column in 0..<size {
                    let place = y + (column &* activated.pixelStride &+ lane)
                    put(
                        F.gradient(vector(place), share), dx + (column &* inputGradient.pixelStride &+ lane),
                        pixelStride: inputGradient.pixelStride)
                }
                lane &+= lanes
            }
            gradient += outputGradient.pixelStride
            y += size &* activated.pixelStride
            dx += size &* inputGradient.pixelStride
        }
    }
}

/// The same in narrow maps, two pixels at a time.
@inline(__always)
private func spreadInPairs<F: NumberFunction>(
    _ function: F.Type, _ size: Int, _ part: Share, _ outputGradient: TensorView, _ activated: TensorView,
    to inputGradient: TensorView, _ slot: Int
) {
    for row in 0..<inputGradient.height {
        var gradient = outputGradient.pixel(slot, row / size, 0)
        var y = activated.pixel(slot, row, 0)
        var dx = inputGradient.pixel(slot, row, 0)
        for _ in 0..<outputGradient.width {
            for _ in 0..<(size / 2) {
                forEachPairVector { lane in
                    let share = Vector(repeating: 0) + part.of(twice(gradient, lane: lane))
                    put(F.gradient(vector(y + lane), share), dx + lane)
                }
                y += pairLanes
                dx += pairLanes
            }
            gradient += outputGradient.pixelStride
        }
    }
}

/// Window i of n over an extent: floor(i * extent / n) ..< ceil((i + 1) * extent / n).
@inline(__always)
private func adaptive(_ position: Int, of windows: Int, extent: Int) -> (start: Int, end: Int) {
    (position &* extent / windows, ((position &+ 1) &* extent &+ windows &- 1) / windows)
}

func adaptiveAveragePool(_ arguments: UnsafePointer<PoolingArguments>, _ task: Int, _ worker: Int) {
    guard arguments.pointee.batch.isActive(task) else { return }
    let input = arguments.pointee.input
    let output = arguments.pointee.output
    for row in 0..<output.height {
        let rows = adaptive(row, of: output.height, extent: input.height)
        for column in 0..<output.width {
            let columns = adaptive(column, of: output.width, extent: input.width)
            let (height, width) = (rows.end &- rows.start, columns.end &- columns.start)
            average(
                input, UnsafePointer(input.pixel(task, rows.start, columns.start)), rows: height, columns: width,
                Share(height &* width), output, to: output.pixel(task, row, column))
        }
    }
}

func adaptiveAveragePoolGradient(_ arguments: UnsafePointer<PoolingArguments>, _ task: Int, _ worker: Int) {
    guard let outputGradient = arguments.pointee.outputGradient, let inputGradient = arguments.pointee.inputGradient,
        arguments.pointee.batch.isActive(task)
    else { return }
    beginGradient(inputGradient, arguments.pointee.addend, task)
    for row in 0..<outputGradient.height {
        let rows = adaptive(row, of: outputGradient.height, extent: inputGradient.height)
        for column in 0..<outputGradient.width {
            let columns = adaptive(column, of: outputGradient.width, extent: inputGradient.width)
            let count = (rows.end &- rows.start) &* (columns.end &- columns.start)
            spread(outputGradient.pixel(task, row, column), task, rows, columns, count: count, to: inputGradient)
        }
    }
}

@inline(__always)
private func windowSum(_ input: TensorView, _ x: UnsafePointer<Float>, rows: Int, columns: Int) -> Vector {
    var sum = Vector(repeating: 0)
    for row in 0..<rows {
        for column in 0..<columns { sum += vector(x + (row &* input.rowStride &+ column &* input.pixelStride)) }
    }
    return sum
}

@inline(__always)
private func average(
    _ input: TensorView, _ x: UnsafePointer<Float>, rows: Int, columns: Int, _ share: Share, _ output: TensorView,
    to y: UnsafeMutablePointer<Float>
) {
    var lane = 0
    while lane < output.pixelLanes {
        let sum = windowSum(input, x + lane, rows: rows, columns: columns)
        put(share.of(sum), y + lane, pixelStride: output.pixelStride)
        lane &+= lanes
    }
}

@inline(__always)
private func spread(
    _ gradient: UnsafeMutablePointer<Float>, _ slot: Int, _ rows: (start: Int, end: Int),
    _ columns: (start: Int, end: Int), count: Int, to target: TensorView
) {
    let part = Share(count)
    var lane = 0
    while lane < padded(target.channels) {
        let share = part.of(vector(gradient + lane))
        var r = rows.start
        while r < rows.end {
            var dx = target.pixel(slot, r, columns.start) + lane
            for _ in columns.start..<columns.end {
                put(vector(dx) + share, dx)
                dx += target.pixelStride
            }
            r &+= 1
        }
        lane &+= lanes
    }
}
