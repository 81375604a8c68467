internal import KernelInterface
internal import Tensors

/// Returns the most GB/s that `threads` threads of this machine move together between memory and registers: c = a + b
/// over arrays much larger than the caches, the best of several runs over all of them. A shorter run would leave its
/// output in a cache, and measure the cache in place of memory.
///
/// Counted are the bytes that a program asks for, 12 a number: two numbers read and one written. The memory system also
/// fetches a line before it is overwritten; that is not counted, as STREAM does not count it either.
///
/// - Throws: where the system refuses threads or memory.
package func measureBandwidth(_ instructionSet: InstructionSet, threads: Int) throws -> Double {
    let pool = try ThreadPool(threads: threads)
    let arrays = try AlignedBuffer<Float>(count: 3 * ArraySizes.tasks * ArraySizes.floats)
    var sizes = try AlignedBuffer<Int>(count: ArraySizes.tasks)
    sizes.withMutableSpan { sizes in for task in sizes.indices { sizes[task] = 1 } }
    func view(_ array: Int) -> TensorView {
        TensorView(
            base: arrays.baseAddress + array * ArraySizes.tasks * ArraySizes.floats, height: 1, width: 1,
            channels: ArraySizes.floats, pixelStride: ArraySizes.floats, sampleStride: ArraySizes.floats)
    }
    let batch = BatchLayout(shards: ArraySizes.tasks, shardCapacity: 1, shardSizes: sizes.baseAddress)
    /// Returns the seconds of one sum of two arrays into the third.
    func sum(into output: Int) -> Double {
        let add = instructionSet.kernels.add.body
        let arguments = ElementwiseArguments(
            batch: batch, first: view((output + 1) % 3), second: view((output + 2) % 3), output: view(output),
            addend: nil)
        return withUnsafePointer(to: arguments) { arguments in
            let start = monotonicSeconds()
            pool.run(ArraySizes.tasks, arguments) { raw, task, worker in
                add(raw.assumingMemoryBound(to: ElementwiseArguments.self), task, worker)
            }
            return monotonicSeconds() - start
        }
    }
    // Memory that was never written is one shared page of zeros, which a cache holds.
    for array in 0..<3 { _ = sum(into: array) }
    let seconds = (0..<ArraySizes.runs).map { _ in sum(into: 2) }.min() ?? .infinity
    return Double(3 * ArraySizes.tasks * ArraySizes.floats * MemoryLayout<Float>.stride) / seconds / 1e9
}

/// The sizes of the arrays: 128 MiB each, in tasks of 256 KiB.
private enum ArraySizes {
    static let tasks = 512
    static let floats = 1 << 16
    static let runs = 8
}
