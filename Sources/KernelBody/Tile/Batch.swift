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
        base += lanes.lowerBound
        channels = lanes.count
    }

    @inline(__always)
    func sample(_ slot: Int) -> UnsafeMutablePointer<Float> { base + slot * sampleStride }

    @inline(__always)
    func pixel(_ slot: Int, _ row: Int, _ column: Int) -> UnsafeMutablePointer<Float> {
        base + slot * sampleStride + row * rowStride + column * pixelStride
    }
}
