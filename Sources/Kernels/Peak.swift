internal import KernelInterface
internal import Tensors

/// Measures the most GFLOP/s that `threads` threads of this machine reach together with an instruction set's register
/// tile, on data that never leaves the first-level cache.
///
/// All threads work at once, as they do in a training step. Each counts its own processor time, so that time taken by
/// other programs does not lower the peak. The result is the best of several runs of some milliseconds.
///
/// - Parameter cores: the number that the threads share; a part of one where ranks share it.
/// - Throws: where the system refuses threads or memory.
package func measurePeak(_ instructionSet: InstructionSet, threads: Int, cores: Double) throws -> Double {
    let pool = try ThreadPool(threads: threads)
    let memory = try AlignedBuffer<Float>(count: threads * 16_384)
    // The processor time in seconds, by task.
    let seconds = try AlignedBuffer<Double>(count: threads)
    let kernels = instructionSet.kernels
    let repetitions = 4000
    var best = 0.0
    // They stay put until the pool is done, and no two tasks write to the same place.
    nonisolated(unsafe) let (floats, times) = (memory.baseAddress, seconds.baseAddress)
    for _ in 0..<9 {
        pool.run(threads, UnsafeRawPointer(floats)) { [saturate = kernels.saturate] _, task, _ in
            let start = processorSeconds()
            _ = saturate(repetitions, floats + task * 16_384)
            times[task] = processorSeconds() - start
        }
        let operations = 2.0 * 128 * Double(kernels.tileRows * kernels.tileLanes)
        let rates = (0..<threads).map { operations * Double(repetitions) / times[$0] }
        best = max(best, rates.reduce(0, +) / 1e9)
    }
    // Threads that share a core do not add to it.
    return best * min(Double(threads), cores) / Double(threads)
}
