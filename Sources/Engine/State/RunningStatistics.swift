internal import Compiler
internal import Tensors

extension Engine {
    /// All running statistics, in the engine's own layout.
    package var runningStatistics: [Float] {
        weights.buffer.withSpan { values in (arena.trainableCount..<arena.count).map { values[$0] } }
    }

    /// Sets all running statistics, in the engine's own layout.
    ///
    /// - Precondition: `values` has as many as the engine.
    package func setRunningStatistics(_ values: [Float]) {
        withRunningStatistics { statistics in
            precondition(statistics.count == values.count, "\(values.count) of \(statistics.count) running statistics")
            for index in statistics.indices { statistics[index] = values[index] }
        }
    }
}
