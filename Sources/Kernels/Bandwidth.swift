internal import KernelInterface
internal import Tensors

/// The most GB/s that `threads` threads of this machine move together between memory and registers: c = a + b over arrays much
/// larger than the caches, the best of many runs of some milliseconds.
///
/// Counted is what a program asks for, 12 bytes a number: two read and one written. That the memory system also fetches a line
/// before it is overwritten is not counted, as it is not where this is compared with (STREAM counts the same way).
package func measureBandwidth(_ instructionSet: InstructionSet, threads: Int) -> Double {
    let pool = ThreadPool(threads: threads)
    let arrays = AlignedBuffer<Float>(count: 3 * Stretch.tasks * Stretch.floats)
    var sizes = AlignedBuffer<Int>(count: Stretch.tasks)
    sizes.withMutableSpan { sizes in for task in sizes.indices { sizes[task] = 1 } }
    func view(_ array: Int) -> TensorView {
        TensorView(
            base: arrays.baseAddress + array * Stretch.tasks * Stretch.floats, height: 1, width: 1,
            channels: Stretch.floats, pixelStride: Stretch.floats, sampleStride: Stretch.floats)
    }
    let batch = BatchLayout(shards: Stretch.tasks, shardCapacity: 1, shardSizes: sizes.baseAddress)
    var job = BandwidthJob(
        add: instructionSet.kernels.add,
        arguments: ElementwiseArguments(batch: batch, first: view(0), second: view(1), output: view(2), addend: nil),
        firstTask: 0)
    var best = 0.0
    withUnsafeMutablePointer(to: &job) { job in
        // Each stretch has left the caches when its turn comes again; a short one has a chance to go undisturbed.
        for run in 0..<(8 * Stretch.tasks / Stretch.tasksAtOnce) {
            job.pointee.firstTask = run * Stretch.tasksAtOnce % Stretch.tasks
            let start = monotonicSeconds()
            pool.run(Stretch.tasksAtOnce, job) { raw, task, worker in
                let job = raw.assumingMemoryBound(to: BandwidthJob.self)
                withUnsafePointer(to: job.pointee.arguments) {
                    job.pointee.add($0, job.pointee.firstTask + task, worker)
                }
            }
            let bytes = Double(3 * Stretch.tasksAtOnce * Stretch.floats * MemoryLayout<Float>.stride)
            best = max(best, bytes / (monotonicSeconds() - start) / 1e9)
        }
    }
    return best
}

/// How the arrays are cut: 128 MiB each, in tasks of 256 KiB, of which 16 MiB are timed at once.
private enum Stretch {
    static let tasks = 512
    static let tasksAtOnce = 64
    static let floats = 1 << 16
}

private struct BandwidthJob {
    var add: Kernel<ElementwiseArguments>
    var arguments: ElementwiseArguments
    var firstTask: Int
}
