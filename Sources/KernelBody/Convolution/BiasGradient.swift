import KernelInterface

/// Sums dy's pixels of a shard, block by block. One task a shard.
func biasGradient(_ arguments: UnsafePointer<BiasGradientArguments>, _ task: Int, _ worker: Int) {
    let gradient = arguments.pointee.outputGradient
    let channels = gradient.pixelLanes
    let pixels = arguments.pointee.batch.shardSizes[task] &* gradient.height &* gradient.width
    let partial = arguments.pointee.partials + task &* arguments.pointee.partialStride
    zeroFloats(arguments.pointee.partialStride, at: partial)
    var source = UnsafePointer(gradient.sample(task &* arguments.pointee.batch.shardCapacity))
    // All lanes of a block come before the next one: a whole shard would have left the caches between two lanes.
    for first in stride(from: 0, to: pixels, by: 64) {
        let count = min(64, pixels &- first)
        var lane = 0
        while lane < channels {
            put(vector(partial + lane) + sum(source + lane, pixelStride: gradient.pixelStride, count), partial + lane)
            lane &+= lanes
        }
        source += count &* gradient.pixelStride
    }
    // The lanes after the last channel may have any contents.
    zeroFloats(arguments.pointee.partialStride &- gradient.channels, at: partial + gradient.channels)
}

/// Returns the sum of one vector of `count` pixels, in four chains: a single one would wait for each addition.
@inline(__always)
private func sum(_ memory: UnsafePointer<Float>, pixelStride: Int, _ count: Int) -> Vector {
    let zero = Vector(repeating: 0)
    var (a, b, c, d) = (zero, zero, zero, zero)
    var source = memory
    for _ in 0..<(count / 4) {
        a += streamed(source, pixelStride: pixelStride)
        b += streamed(source + pixelStride, pixelStride: pixelStride)
        c += streamed(source + 2 &* pixelStride, pixelStride: pixelStride)
        d += streamed(source + 3 &* pixelStride, pixelStride: pixelStride)
        source += 4 &* pixelStride
    }
    for _ in 0..<(count % 4) {
        a += vector(source)
        source += pixelStride
    }
    return (a + b) + (c + d)
}

/// Adds the kernels of this file.
func addBiasGradientKernels(to table: inout KernelTable) {
    table.biasGradient.body = biasGradient
}
