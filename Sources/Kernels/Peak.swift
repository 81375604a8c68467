internal import KernelInterface
internal import Tensors

#if canImport(Glibc)
    internal import Glibc
#endif

/// The most GFLOP/s that `threads` threads of this machine reach together with an instruction set's register tile, on data that never
/// leaves the first-level cache: the best of several runs of some milliseconds.
package func measurePeak(_ instructionSet: InstructionSet, threads: Int) -> Double {
    let pool = ThreadPool(threads: threads)
    let memory = AlignedBuffer<Float>(count: threads * 16_384)
    var job = PeakJob(kernels: instructionSet.kernels, memory: memory.baseAddress, repetitions: 4000)
    var best = 0.0
    for _ in 0..<9 {
        withUnsafePointer(to: &job) { job in
            let start = seconds()
            pool.run(threads, job) { raw, task, _ in
                let job = raw.assumingMemoryBound(to: PeakJob.self).pointee
                _ = job.kernels.saturate(job.repetitions, job.memory + task * 16_384)
            }
            let elapsed = seconds() - start
            let operations = 2.0 * 128 * Double(job.pointee.kernels.tileHeight * job.pointee.kernels.tileLanes)
            best = max(best, operations * Double(job.pointee.repetitions * threads) / elapsed / 1e9)
        }
    }
    return best
}

private struct PeakJob {
    var kernels: KernelTable
    var memory: UnsafeMutablePointer<Float>
    var repetitions: Int
}

private func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
