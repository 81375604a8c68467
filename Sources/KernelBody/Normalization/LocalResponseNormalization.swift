import KernelInterface

// Local response normalisation (Krizhevsky et al., 2012, section 3.3), at each pixel over neighbouring channels:
//
//   d_c = k + alpha / size * sum of x_i² over i in c - size/2 ... c + (size-1)/2,   y_c = x_c / d_c^beta
//   dx_c = dy_c / d_c^beta - 2 alpha beta / size * x_c * sum of dy_i y_i / d_i over i in c - (size-1)/2 ... c + size/2
//
// A row of scratch memory holds the summands of one pixel with zeros on both sides, so that windows need no edges.

/// Floats of zeros on each side of a scratch row: at least half a window, and whole vectors.
private let margin = 32

/// sum of row[c + first ... c + last], in that order
@inline(__always)
private func windowSum(_ row: UnsafeMutablePointer<Float>, _ lane: Int, _ first: Int, _ last: Int) -> Vector {
    var sum = Vector(repeating: 0)
    var i = first
    while i <= last {
        sum += vector(row + (margin &+ lane &+ i))
        i &+= 1
    }
    return sum
}

/// d of the channels from `lane` on, given the row of squares.
@inline(__always)
private func denominator(_ arguments: LRNArguments, _ row: UnsafeMutablePointer<Float>, _ lane: Int) -> Vector {
    let sum = windowSum(row, lane, 0 &- arguments.size / 2, (arguments.size &- 1) / 2)
    return Vector(repeating: arguments.k).addingProduct(sum, Vector(repeating: arguments.alpha / Float(arguments.size)))
}

/// Fills a row with the squares of a pixel's channels.
@inline(__always)
private func square(_ x: UnsafeMutablePointer<Float>, _ channels: Int, to row: UnsafeMutablePointer<Float>) {
    var lane = 0
    while lane < padded(channels) {
        let value = vector(x + lane)
        put(value * value, row + (margin &+ lane))
        lane &+= lanes
    }
    zeroFloats(padded(channels) &- channels, at: row + (margin &+ channels))
}

/// d^-beta
@inline(__always)
private func inversePower(_ d: Vector, _ beta: Float) -> Vector {
    exponential(logarithm(d) * Vector(repeating: -beta))
}

func localResponseNormalization(_ arguments: UnsafePointer<LRNArguments>, _ task: Int, _ worker: Int) {
    guard arguments.pointee.batch.isActive(task) else { return }
    let input = arguments.pointee.input
    let output = arguments.pointee.output
    let row = arguments.pointee.scratch + worker &* arguments.pointee.scratchStride
    zeroFloats(margin &+ padded(input.channels) &+ margin, at: row)
    for pixel in 0..<(input.height &* input.width) {
        let x = input.sample(task) + pixel &* input.pixelStride
        let y = output.sample(task) + pixel &* output.pixelStride
        square(x, input.channels, to: row)
        var lane = 0
        while lane < padded(input.channels) {
            let d = denominator(arguments.pointee, row, lane)
            put(vector(x + lane) * inversePower(d, arguments.pointee.beta), y + lane)
            lane &+= lanes
        }
    }
}

func localResponseNormalizationGradient(_ arguments: UnsafePointer<LRNArguments>, _ task: Int, _ worker: Int) {
    guard let outputGradient = arguments.pointee.outputGradient, let inputGradient = arguments.pointee.inputGradient,
        arguments.pointee.batch.isActive(task)
    else { return }
    let input = arguments.pointee.input
    let output = arguments.pointee.output
    let size = arguments.pointee.size
    let width = padded(input.channels)
    let squares = arguments.pointee.scratch + worker &* arguments.pointee.scratchStride
    let ratios = squares + (width &+ 2 &* margin)
    zeroFloats(2 &* (width &+ 2 &* margin), at: squares)
    let factor = Vector(
        repeating: -2 * arguments.pointee.alpha * arguments.pointee.beta / Float(size))
    for pixel in 0..<(input.height &* input.width) {
        let x = input.sample(task) + pixel &* input.pixelStride
        let y = output.sample(task) + pixel &* output.pixelStride
        let dy = outputGradient.sample(task) + pixel &* outputGradient.pixelStride
        let dx = inputGradient.sample(task) + pixel &* inputGradient.pixelStride
        square(x, input.channels, to: squares)
        var lane = 0
        while lane < width {
            let d = denominator(arguments.pointee, squares, lane)
            put(vector(dy + lane) * vector(y + lane) / d, ratios + (margin &+ lane))
            lane &+= lanes
        }
        zeroFloats(width &- input.channels, at: ratios + (margin &+ input.channels))
        lane = 0
        while lane < width {
            let d = denominator(arguments.pointee, squares, lane)
            let sum = windowSum(ratios, lane, 0 &- (size &- 1) / 2, size / 2)
            var value = vector(dy + lane) * inversePower(d, arguments.pointee.beta)
            value += factor * vector(x + lane) * sum
            if let addend = arguments.pointee.addend {
                value += vector(addend.sample(task) + (pixel &* addend.pixelStride &+ lane))
            }
            put(value, dx + lane)
            lane &+= lanes
        }
    }
}

/// Adds the kernels of this file.
func addLocalResponseNormalizationKernels(to table: inout KernelTable) {
    table.localResponseNormalization.body = localResponseNormalization
    table.localResponseNormalizationGradient.body = localResponseNormalizationGradient
}
