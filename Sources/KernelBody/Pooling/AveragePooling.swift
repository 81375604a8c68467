import KernelInterface

/// Returns the number of elements that a window's average is over: padding counts, places that ceil mode adds beyond it
/// do not.
@inline(__always)
private func divisor(_ row: Int, _ column: Int, _ arguments: PoolingArguments, height: Int, width: Int) -> Int {
    let top = row &* arguments.stride &- arguments.padding
    let left = column &* arguments.stride &- arguments.padding
    let rows = min(top &+ arguments.kernel, height &+ arguments.padding) &- top
    let columns = min(left &+ arguments.kernel, width &+ arguments.padding) &- left
    return rows &* columns
}

/// A division by the elements of a window: by a multiplication where that is the same to the bit, as for powers of two,
/// since divisions take ten times as long.
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

    /// Returns the sum times 1 / elements; only where `multiplies`.
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

/// Averages a row of windows of one size, `step` floats from one to the next.
@inline(__always)
private func averageRow(
    _ input: TensorView, _ x: UnsafePointer<Float>, step: Int, rows: Int, columns: Int, _ share: Share,
    _ output: TensorView, to y: UnsafeMutablePointer<Float>
) {
    // In small maps prefetching for each pixel would be half of the time.
    if output.isPaddedTo8 && share.multiplies && lanes >= smallGranule {
        for column in 0..<output.width {
            let sum = windowSum(input, x + column &* step, rows: rows, columns: columns)
            put(share.times(sum), y + column &* smallGranule, pixelStride: smallGranule)
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
    if let activation = arguments.pointee.activation, let activated = activation.activated {
        switch activation.function {
        case .relu: return spreadBehind(ReLU.self, arguments, outputGradient, activated, to: inputGradient, task)
        case .relu6: return spreadBehind(ReLU6.self, arguments, outputGradient, activated, to: inputGradient, task)
        case .sigmoid: return spreadBehind(Sigmoid.self, arguments, outputGradient, activated, to: inputGradient, task)
        case .tanh:
            return spreadBehind(HyperbolicTangent.self, arguments, outputGradient, activated, to: inputGradient, task)
        case .gelu: return spreadBehind(GELU.self, arguments, outputGradient, activated, to: inputGradient, task)
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

/// dx = f'(y) * dy / count of an activation before the averages, y its output, where windows cover the map and do not
/// overlap.
@inline(__always)
private func spreadBehind<F: NumberFunction>(
    _ function: F.Type, _ arguments: UnsafePointer<PoolingArguments>, _ outputGradient: TensorView,
    _ activated: TensorView, to inputGradient: TensorView, _ slot: Int
) {
    let size = arguments.pointee.kernel
    let part = Share(size &* size)
    let channels = inputGradient.channels
    if inputGradient.isPaddedTo8 && activated.isPaddedTo8 && size & 1 == 0 {
        return spreadTwoPixels(F.self, size, part, outputGradient, activated, to: inputGradient, slot)
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

/// Spreads gradients in maps with channels padded to 8, two pixels at a time.
@inline(__always)
private func spreadTwoPixels<F: NumberFunction>(
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
                y += twoPixelLanes
                dx += twoPixelLanes
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

/// Adds the kernels of this file.
func addAveragePoolingKernels(to table: inout KernelTable) {
    table.averagePool.body = averagePool
    table.averagePoolGradient.body = averagePoolGradient
    table.adaptiveAveragePool.body = adaptiveAveragePool
    table.adaptiveAveragePoolGradient.body = adaptiveAveragePoolGradient
}
