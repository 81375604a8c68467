internal import Compiler
internal import Kernels
internal import Tensors

// Averages of parameters and buffers over the steps of a run, which often make a better network than the last step's.
// (Polyak & Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992; decaying as in Tarvainen &
// Valpola, "Mean teachers are better role models", 2017.)

extension Engine {
    package var keepsAverages: Bool { configuration.keepsAverages }

    /// Sets the averages to the current parameters and buffers.
    package func beginAverages() {
        part(.averages).baseAddress.update(from: weights.baseAddress, count: arena.count)
    }

    /// Averages each parameter and buffer: average = share * average + (1 - share) * value. Plain products and sums
    /// give the same bits on any CPU.
    ///
    /// - Parameter share: in 0..<1.
    package func average(keeping share: Float) {
        let rate = 1 - share
        forEachChunk { averages, weights, count in
            for index in 0..<count { averages[index] += rate * (weights[index] - averages[index]) }
        }
    }

    /// Swaps averages and values: the network computes with its averages until the next call.
    package func swapAverages() {
        forEachChunk { averages, weights, count in
            for index in 0..<count { (averages[index], weights[index]) = (weights[index], averages[index]) }
        }
    }

    /// Calls `body` for chunks of both arenas on all threads.
    private func forEachChunk(
        _ body: @escaping @Sendable (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
    ) {
        let chunk = 1 << 16
        let count = arena.count
        // The memory stays in place until the pool is done.
        nonisolated(unsafe) let (averages, weights) = (part(.averages).baseAddress, weights.baseAddress)
        pool.run((count + chunk - 1) / chunk, UnsafeRawPointer(weights)) { _, task, _ in
            let start = task * chunk
            body(averages + start, weights + start, min(chunk, count - start))
        }
    }
}
