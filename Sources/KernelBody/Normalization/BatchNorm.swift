import KernelInterface

// Batch normalisation (Ioffe & Szegedy, 2015). Per channel, over M = samples x pixels elements:
//
//   forward   mean = sum x / M,  variance = sum x² / M - mean²,  y = (x - mean) * scale + bias
//             with scale = weight / sqrt(variance + epsilon)
//   backward  A = sum dy,  B = sum dy (x - mean)
//             dbias = A,  dweight = B / deviation,  dx = scale * dy + slope * (x - mean) + offset
//             with slope = -scale * B / (M * deviation²), offset = -scale * A / M; dy is masked by an activation
//             that is part of the batch norm
//
// The mean is taken from x first, not folded into the offset: where it is large, the difference would lose its digits.
//
// Sums are in float32 along some rows of pixels (`ChannelSums.swift`), and in float64 over those and over samples. Then
// comes the shards' tree. This order is fixed, and avoids cancellation.

extension BatchNormState {
    /// y of x, before it is clamped.
    @inline(__always)
    func normalized(_ x: Vector, _ lane: Int) -> Vector {
        affine(x, mean: mean + lane, scale: scale + lane, bias: bias + lane)
    }
}

func residualGradient(_ arguments: UnsafePointer<BatchNormArguments>, _ task: Int, _ worker: Int) {
    guard let gradient = arguments.pointee.gradient, let output = arguments.pointee.output,
        let activated = arguments.pointee.activated, let bounds = arguments.pointee.bounds,
        let sums = arguments.pointee.sums
    else { return }
    let input = arguments.pointee.input
    let x = input.sample(task)
    let y = activated.sample(task)
    let dy = gradient.sample(task)
    let dz = output.sample(task)
    let mean = arguments.pointee.state.mean
    sumSample(arguments.pointee.batch, sums, task, input) { pixel, lane in
        let passed = bounds.pass(
            streamed(dy + pixel &* gradient.pixelStride + lane, pixelStride: gradient.pixelStride),
            streamed(y + pixel &* activated.pixelStride + lane, pixelStride: activated.pixelStride))
        put(passed, dz + pixel &* output.pixelStride + lane)
        let source = streamed(x + pixel &* input.pixelStride + lane, pixelStride: input.pixelStride)
        return (passed, passed * (source - vector(mean + lane)))
    }
}

func batchNormFinish(_ all: UnsafePointer<BatchNormArguments>, _ task: Int, _ worker: Int) {
    let arguments = all + task
    guard let sums = arguments.pointee.sums else { return }
    let state = arguments.pointee.state
    let count =
        arguments.pointee.step.pointee.normSamples
        * Double(arguments.pointee.input.height &* arguments.pointee.input.width)
    guard count > 0 else {
        // This rank has no samples and does not sum over ranks: there is nothing to learn, and these numbers are not
        // used.
        for c in 0..<state.channels {
            state.mean[c] = 0
            state.inverseDeviation[c] = 0
            state.scale[c] = 0
        }
        return
    }
    let momentum = Double(state.momentum)
    for c in 0..<state.channels {
        let mean = sums.total[c] / count
        let variance = max(sums.total[sums.width &+ c] / count - mean * mean, 0)
        let inverse = 1 / (variance + Double(state.epsilon)).squareRoot()
        state.mean[c] = Float(mean)
        state.inverseDeviation[c] = Float(inverse)
        // The running variance is the unbiased one, as torch tracks it.
        let unbiased = count > 1 ? variance * count / (count - 1) : variance
        state.runningMean[c] = Float((1 - momentum) * Double(state.runningMean[c]) + momentum * mean)
        state.runningVariance[c] = Float((1 - momentum) * Double(state.runningVariance[c]) + momentum * unbiased)
        state.scale[c] = Float(Double(state.weight[c]) * inverse)
    }
}

func batchNormFreeze(_ arguments: UnsafePointer<BatchNormArguments>, _ task: Int, _ worker: Int) {
    let state = arguments.pointee.state
    for c in 0..<state.channels {
        let inverse = 1 / (Double(state.runningVariance[c]) + Double(state.epsilon)).squareRoot()
        state.mean[c] = state.runningMean[c]
        state.scale[c] = Float(Double(state.weight[c]) * inverse)
    }
}

func batchNormApply(_ arguments: UnsafePointer<BatchNormArguments>, _ task: Int, _ worker: Int) {
    guard let output = arguments.pointee.output, arguments.pointee.batch.isActive(task) else { return }
    let input = arguments.pointee.input
    let addend = arguments.pointee.addend
    let bounds = arguments.pointee.bounds
    let state = arguments.pointee.state
    let width = padded(input.channels)
    if let addend, let normalization = arguments.pointee.addendNormalization {
        return addNormalized(arguments, task, addend, normalization)
    }
    for pixel in 0..<(input.height &* input.width) {
        let x = input.sample(task) + pixel &* input.pixelStride
        let y = output.sample(task) + pixel &* output.pixelStride
        var lane = 0
        while lane < width {
            var value = state.normalized(streamed(x + lane, pixelStride: input.pixelStride), lane)
            if let addend {
                let identity = addend.sample(task) + pixel &* addend.pixelStride + lane
                value += streamed(identity, pixelStride: addend.pixelStride)
            }
            if let bounds { value = bounds.hold(value) }
            put(value, y + lane)
            lane &+= lanes
        }
    }
}

/// Adds an addend that is normalised too: the sum of two batch norms.
private func addNormalized(
    _ arguments: UnsafePointer<BatchNormArguments>, _ task: Int, _ addend: TensorView, _ normalization: Normalization
) {
    guard let output = arguments.pointee.output else { return }
    let input = arguments.pointee.input
    let bounds = arguments.pointee.bounds
    let state = arguments.pointee.state
    let width = padded(input.channels)
    for pixel in 0..<(input.height &* input.width) {
        let x = input.sample(task) + pixel &* input.pixelStride
        let identity = addend.sample(task) + pixel &* addend.pixelStride
        let y = output.sample(task) + pixel &* output.pixelStride
        var lane = 0
        while lane < width {
            var value = state.normalized(streamed(x + lane, pixelStride: input.pixelStride), lane)
            value += affine(
                streamed(identity + lane, pixelStride: addend.pixelStride), mean: normalization.mean + lane,
                scale: normalization.scale + lane, bias: normalization.bias + lane)
            if let bounds { value = bounds.hold(value) }
            put(value, y + lane)
            lane &+= lanes
        }
    }
}

/// Computes the gradients of weight and bias, in float32 from each shard on, as for all gradients: only then do sums
/// over ranks continue the shards' tree to the bit.
func batchNormParameterGradient(_ arguments: UnsafePointer<BatchNormArguments>, _ task: Int, _ worker: Int) {
    guard let weightGradient = arguments.pointee.weightGradient, let biasGradient = arguments.pointee.biasGradient,
        let partials = arguments.pointee.partials, let sums = arguments.pointee.sums
    else { return }
    let state = arguments.pointee.state
    let batch = arguments.pointee.batch
    let width = sums.width
    for shard in 0..<batch.shards {
        let sums = sums.samples + shard &* batch.shardCapacity &* 2 &* width
        let partial = partials + shard &* 2 &* width
        for c in 0..<state.channels {
            partial[c] = Float(sums[c])
            partial[width &+ c] = Float(sums[width &+ c] * Double(state.inverseDeviation[c]))
        }
        // The lanes after the last channel may have any contents.
        zeroFloats(width &- state.channels, at: partial + state.channels)
        zeroFloats(width &- state.channels, at: partial + (width &+ state.channels))
    }
    sumTree(partials, stride: 2 &* width, shards: batch.shards, count: 2 &* width)
    copyFloats(width, from: UnsafePointer(partials), to: biasGradient)
    copyFloats(width, from: UnsafePointer(partials + width), to: weightGradient)
}

func batchNormGradientFinish(_ arguments: UnsafePointer<BatchNormArguments>, _ task: Int, _ worker: Int) {
    guard let sums = arguments.pointee.sums else { return }
    let state = arguments.pointee.state
    let count =
        arguments.pointee.step.pointee.normSamples
        * Double(arguments.pointee.input.height &* arguments.pointee.input.width)
    for c in 0..<state.channels {
        let inverse = Double(state.inverseDeviation[c])
        let scale = Double(state.weight[c]) * inverse
        let slope = -scale * inverse * inverse * sums.total[sums.width &+ c] / count
        state.gradientScale[c] = Float(scale)
        state.slope[c] = Float(slope)
        state.offset[c] = Float(-scale * sums.total[c] / count)
    }
}

func batchNormGradientApply(_ arguments: UnsafePointer<BatchNormArguments>, _ task: Int, _ worker: Int) {
    guard let output = arguments.pointee.output, let gradient = arguments.pointee.gradient,
        arguments.pointee.batch.isActive(task)
    else { return }
    let input = arguments.pointee.input
    let addend = arguments.pointee.addend
    let norm = NormGradient(arguments.pointee.state, input: input, bounds: arguments.pointee.bounds)
    let width = padded(input.channels)
    for pixel in 0..<(input.height &* input.width) {
        let x = input.sample(task) + pixel &* input.pixelStride
        let dy = gradient.sample(task) + pixel &* gradient.pixelStride
        let dx = output.sample(task) + pixel &* output.pixelStride
        var lane = 0
        while lane < width {
            var value = NormGradientVector(norm, lane)(
                streamed(dy + lane, pixelStride: gradient.pixelStride),
                streamed(x + lane, pixelStride: input.pixelStride))
            if let addend {
                let before = addend.sample(task) + pixel &* addend.pixelStride + lane
                value += streamed(before, pixelStride: addend.pixelStride)
            }
            put(value, dx + lane)
            lane &+= lanes
        }
    }
}

/// Adds the kernels of this file.
func addBatchNormKernels(to table: inout KernelTable) {
    table.residualGradient.body = residualGradient
    table.batchNormFinish.body = batchNormFinish
    table.batchNormFreeze.body = batchNormFreeze
    table.batchNormApply.body = batchNormApply
    table.batchNormParameterGradient.body = batchNormParameterGradient
    table.batchNormGradientFinish.body = batchNormGradientFinish
    table.batchNormGradientApply.body = batchNormGradientApply
}
