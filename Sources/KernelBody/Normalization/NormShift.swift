import KernelInterface

// The gradients of several batch norms with respect to the same channels:
//
//   dx = sum over batch norms of  scale * dy  +  slope * (x - mean) + offset
//
// scale is known before dy is. So each batch norm adds its first term where its dy has just been written, which need
// not be kept then. The deferred affine term, slope * (x - mean) + offset, is added once, with the sums of all slopes
// and offsets.

/// addend + scale * passed
@inline(__always)
private func scaled(
    _ passed: Vector, scale: UnsafePointer<Float>, addend: UnsafePointer<Float>?, pixelStride: Int
) -> Vector {
    guard let addend else { return passed * vector(scale) }
    return streamed(addend, pixelStride: pixelStride).addingProduct(passed, vector(scale))
}

/// dx without its shift, in a pass of its own.
func batchNormGradientScale(_ arguments: UnsafePointer<BatchNormArguments>, _ task: Int, _ worker: Int) {
    guard let output = arguments.pointee.output, let gradient = arguments.pointee.gradient,
        arguments.pointee.batch.isActive(task)
    else { return }
    let input = arguments.pointee.input
    let addend = arguments.pointee.addend
    let bounds = arguments.pointee.bounds
    let state = arguments.pointee.state
    let width = padded(input.channels)
    for pixel in 0..<(input.height &* input.width) {
        let x = input.sample(task) + pixel &* input.pixelStride
        let dy = gradient.sample(task) + pixel &* gradient.pixelStride
        let dx = output.sample(task) + pixel &* output.pixelStride
        let before = addend.map { UnsafePointer($0.sample(task) + pixel &* $0.pixelStride) }
        var lane = 0
        while lane < width {
            var passed = streamed(dy + lane, pixelStride: gradient.pixelStride)
            if let bounds {
                passed = bounds.pass(passed, state.normalized(streamed(x + lane, pixelStride: input.pixelStride), lane))
            }
            let value = scaled(
                passed, scale: state.scale + lane, addend: before.map { $0 + lane },
                pixelStride: addend?.pixelStride ?? 0)
            put(value, dx + lane)
            lane &+= lanes
        }
    }
}

/// Scales the gradient of some rows of a sample, whole row blocks, whose dy is in `staging`, and takes the sums over
/// it.
func scaleBlocks(
    _ sums: BlockSums, _ staging: UnsafePointer<Float>, pixelStride: Int, addend: TensorView?, _ written: TensorView,
    slot: Int, rows: Range<Int>, lanes range: Range<Int>
) {
    guard let norm = sums.norm else { return }
    for row in stride(from: rows.lowerBound, to: rows.upperBound, by: sums.rowsPerBlock) {
        let end = min(row &+ sums.rowsPerBlock, rows.upperBound)
        let block = slot &* sums.blocks &+ row / sums.rowsPerBlock
        scaleBlock(
            norm, UnsafePointer(norm.input.pixel(slot, row, 0)),
            staging + (row &- rows.lowerBound) &* written.width &* pixelStride, dyStride: pixelStride,
            addend.map { UnsafePointer($0.pixel(slot, row, 0)) }, addendStride: addend?.pixelStride ?? 0,
            written.pixel(slot, row, 0), dxStride: written.pixelStride, 0..<((end &- row) &* written.width), range,
            to: sums.partials + block &* 2 &* sums.width, width: sums.width)
    }
}

// Not inlined, as the sums in `ChannelSums.swift` are not.
@inline(never)
private func scaleBlock(
    _ norm: SummedNorm, _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, dyStride: Int,
    _ addend: UnsafePointer<Float>?, addendStride: Int, _ dx: UnsafeMutablePointer<Float>, dxStride: Int,
    _ pixels: Range<Int>, _ range: Range<Int>, to partial: UnsafeMutablePointer<Float>, width: Int
) {
    guard let bounds = norm.bounds else { return }
    let xStride = norm.input.pixelStride
    sumBlock(pixels, range) { pixel, lane in
        let sums = graded(
            vector(dy + pixel &* dyStride + lane), streamed(x + pixel &* xStride + lane, pixelStride: xStride),
            mean: norm.mean + lane, scale: norm.scale + lane, bias: norm.bias + lane, bounds)
        let value = scaled(
            sums.0, scale: norm.scale + lane, addend: addend.map { $0 + pixel &* addendStride + lane },
            pixelStride: addendStride)
        put(value, dx + pixel &* dxStride + lane)
        return sums
    } take: { pair, lane in
        pair.store(to: partial + lane, width: width)
    }
}

/// Sums affine terms in float64, in the batch norms' order. All of these have the same mean, except for rounding where
/// it was summed in other parts.
func normShiftFinish(_ arguments: UnsafePointer<NormShiftArguments>, _ task: Int, _ worker: Int) {
    let norms = arguments.pointee.norms
    for c in 0..<arguments.pointee.input.channels {
        let mean = Double(norms[0].mean[c])
        var slope = 0.0
        var offset = 0.0
        for n in 0..<arguments.pointee.normCount {
            slope += Double(norms[n].slope[c])
            offset += Double(norms[n].offset[c]) + Double(norms[n].slope[c]) * (mean - Double(norms[n].mean[c]))
        }
        arguments.pointee.slope[c] = Float(slope)
        arguments.pointee.offset[c] = Float(offset)
    }
}

func normShift(_ arguments: UnsafePointer<NormShiftArguments>, _ task: Int, _ worker: Int) {
    guard arguments.pointee.batch.isActive(task) else { return }
    let input = arguments.pointee.input
    let gradient = arguments.pointee.gradient
    let output = arguments.pointee.output
    let mean = arguments.pointee.norms[0].mean
    let width = padded(input.channels)
    for pixel in 0..<(input.height &* input.width) {
        let x = input.sample(task) + pixel &* input.pixelStride
        let partial = gradient.sample(task) + pixel &* gradient.pixelStride
        let dx = output.sample(task) + pixel &* output.pixelStride
        var lane = 0
        while lane < width {
            let centered = streamed(x + lane, pixelStride: input.pixelStride) - vector(mean + lane)
            let shift = vector(arguments.pointee.offset + lane)
                .addingProduct(centered, vector(arguments.pointee.slope + lane))
            put(streamed(partial + lane, pixelStride: gradient.pixelStride) + shift, dx + lane)
            lane &+= lanes
        }
    }
}

/// Adds the kernels of this file.
func addNormShiftKernels(to table: inout KernelTable) {
    table.batchNormGradientScale.body = batchNormGradientScale
    table.normShiftFinish.body = normShiftFinish
    table.normShift.body = normShift
}
