import KernelInterface

extension BatchLayout {
    /// Slots, full or not.
    @inline(__always) var slots: Int { shards * shardCapacity }

    /// Whether `slot` holds a sample.
    @inline(__always)
    func isActive(_ slot: Int) -> Bool {
        let shard = slot / shardCapacity
        return slot - shard * shardCapacity < shardSizes[shard]
    }
}

extension TensorView {
    /// Becomes the slice of `lanes`.
    @inline(__always)
    mutating func take(lanes: Range<Int>) {
        base = UnsafeMutableRawPointer(floats + lanes.lowerBound)
        channels = lanes.count
    }

    /// The first number, of kernels that compute in float32.
    @inline(__always) var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }

    @inline(__always)
    func sample(_ slot: Int) -> UnsafeMutablePointer<Float> { floats + slot * sampleStride }

    @inline(__always)
    func pixel(_ slot: Int, _ row: Int, _ column: Int) -> UnsafeMutablePointer<Float> {
        floats + slot * sampleStride + row * rowStride + column * pixelStride
    }
}
