import KernelInterface

// Depthwise convolutions: each channel has a kernel of its own (Sifre, 2014; Howard et al., "MobileNets", 2017).
//
//   y[p, q, c]  = bias[c] + sum over taps (r, s) of x[p * stride + r - padding, q * stride + s - padding, c] * w[r, s, c]
//   dx[h, w, c] = sum over the taps that reach it of dy * w;  dw[r, s, c] = sum over samples and pixels of x * dy
//
// Lanes run along channels for inputs and outputs alike: a vector of inputs meets a vector of weights.

/// The taps of one axis whose inputs lie inside of the map.
@inline(__always)
private func validTaps(_ position: Int, _ arguments: DepthwiseArguments, extent: Int, kernel: Int) -> Range<Int> {
    let start = position &* arguments.stride &- arguments.padding
    let first = max(0, 0 &- start)
    return first..<max(first, min(kernel, extent &- start))
}

func depthwise(_ arguments: UnsafePointer<DepthwiseArguments>, _ task: Int, _ worker: Int) {
    guard arguments.pointee.batch.isActive(task) else { return }
    let x = arguments.pointee.input
    let y = arguments.pointee.output
    let width = padded(x.channels)
    for row in 0..<y.height {
        let rows = validTaps(row, arguments.pointee, extent: x.height, kernel: arguments.pointee.kernelHeight)
        let top = row &* arguments.pointee.stride &- arguments.pointee.padding
        for column in 0..<y.width {
            let columns = validTaps(column, arguments.pointee, extent: x.width, kernel: arguments.pointee.kernelWidth)
            let left = column &* arguments.pointee.stride &- arguments.pointee.padding
            var lane = 0
            while lane < width {
                var sum = arguments.pointee.bias.map { vector($0 + lane) } ?? Vector(repeating: 0)
                for r in rows {
                    var source = x.pixel(task, top &+ r, left &+ columns.lowerBound) + lane
                    var weight = arguments.pointee.weights + lane
                    weight +=
                        (r &* arguments.pointee.kernelWidth &+ columns.lowerBound) &* arguments.pointee.weightStride
                    for _ in columns {
                        sum.addProduct(vector(source), vector(weight))
                        source += x.pixelStride
                        weight += arguments.pointee.weightStride
                    }
                }
                put(sum, y.pixel(task, row, column) + lane)
                lane &+= lanes
            }
        }
    }
}

/// Input is dx, output is dy.
func depthwiseDataGradient(_ arguments: UnsafePointer<DepthwiseArguments>, _ task: Int, _ worker: Int) {
    guard arguments.pointee.batch.isActive(task) else { return }
    let dx = arguments.pointee.input
    let dy = arguments.pointee.output
    let addend = arguments.pointee.addend
    let stride = arguments.pointee.stride
    let padding = arguments.pointee.padding
    let width = padded(dx.channels)
    for row in 0..<dx.height {
        for column in 0..<dx.width {
            var lane = 0
            while lane < width {
                var sum = addend.map { vector($0.pixel(task, row, column) + lane) } ?? Vector(repeating: 0)
                for r in 0..<arguments.pointee.kernelHeight {
                    let p = row &+ padding &- r
                    if p < 0 || p % stride != 0 || p / stride >= dy.height { continue }
                    for s in 0..<arguments.pointee.kernelWidth {
                        let q = column &+ padding &- s
                        if q < 0 || q % stride != 0 || q / stride >= dy.width { continue }
                        let tap = r &* arguments.pointee.kernelWidth &+ s
                        let weight = arguments.pointee.weights + (tap &* arguments.pointee.weightStride &+ lane)
                        sum.addProduct(vector(dy.pixel(task, p / stride, q / stride) + lane), vector(weight))
                    }
                }
                put(sum, dx.pixel(task, row, column) + lane)
                lane &+= lanes
            }
        }
    }
}

/// One task a shard: partial[tap][channel], one chain over the shard's samples, rows and columns.
func depthwiseWeightGradient(_ arguments: UnsafePointer<DepthwiseArguments>, _ task: Int, _ worker: Int) {
    guard let partials = arguments.pointee.partials else { return }
    let x = arguments.pointee.input
    let dy = arguments.pointee.output
    let partial = partials + task &* arguments.pointee.partialStride
    let firstSlot = task &* arguments.pointee.batch.shardCapacity
    let taps = arguments.pointee.kernelHeight &* arguments.pointee.kernelWidth
    zeroFloats(taps &* arguments.pointee.weightStride, at: partial)
    for slot in firstSlot..<(firstSlot &+ arguments.pointee.batch.shardSizes[task]) {
        for row in 0..<dy.height {
            let rows = validTaps(row, arguments.pointee, extent: x.height, kernel: arguments.pointee.kernelHeight)
            let top = row &* arguments.pointee.stride &- arguments.pointee.padding
            for r in rows {
                for s in 0..<arguments.pointee.kernelWidth {
                    sumTapRow(
                        arguments, slot, row, s, x.pixel(slot, top &+ r, 0),
                        to: partial + (r &* arguments.pointee.kernelWidth &+ s) &* arguments.pointee.weightStride)
                }
            }
        }
    }
}

/// One tap over one row of output pixels.
@inline(__always)
private func sumTapRow(
    _ arguments: UnsafePointer<DepthwiseArguments>, _ slot: Int, _ row: Int, _ s: Int,
    _ inputRow: UnsafeMutablePointer<Float>, to sums: UnsafeMutablePointer<Float>
) {
    let x = arguments.pointee.input
    let dy = arguments.pointee.output
    let stride = arguments.pointee.stride
    let shift = s &- arguments.pointee.padding
    // Output columns q with 0 <= q * stride + shift < width.
    let first = shift < 0 ? (0 &- shift &+ stride &- 1) / stride : 0
    let end = min(dy.width, x.width > shift ? (x.width &- shift &+ stride &- 1) / stride : 0)
    if first >= end { return }
    var lane = 0
    while lane < padded(x.channels) {
        var sum = vector(sums + lane)
        var source = inputRow + ((first &* stride &+ shift) &* x.pixelStride &+ lane)
        var gradient = dy.pixel(slot, row, first) + lane
        for _ in first..<end {
            sum.addProduct(vector(source), vector(gradient))
            source += stride &* x.pixelStride
            gradient += dy.pixelStride
        }
        put(sum, sums + lane)
        lane &+= lanes
    }
}

/// Zeroes what a gradient of merged groups has between different groups. One task a super-group.
func maskGroups(_ arguments: UnsafePointer<GroupMaskArguments>, _ task: Int, _ worker: Int) {
    let inputs = arguments.pointee.inputs
    let outputs = arguments.pointee.outputs
    var row = arguments.pointee.gradient + task &* arguments.pointee.stride
    for block in 0..<((outputs &+ 31) / 32) {
        for _ in 0..<arguments.pointee.taps {
            for input in 0..<inputs {
                let group = input / arguments.pointee.inputsPerGroup
                for lane in 0..<32 where (block &* 32 &+ lane) / arguments.pointee.outputsPerGroup != group {
                    row[lane] = 0
                }
                row += 32
            }
        }
    }
}
