import Collectives
import Engine
import Recipes

extension Trainer {
    /// Gives all ranks the same running statistics in one message where each keeps mean and variance of its own: one
    /// network is evaluated and saved, not one a rank. Those of an average count by the samples that they are of.
    /// Collective.
    func shareRunningStatistics() throws {
        guard world.size > 1 else { return }
        switch recipe.batchNorm {
        case .sync:
            break
        case .average:
            let samples = try world.sum([Double(unsharedSamples)])[0]
            // 1 for all where they have as many.
            let weight = samples > 0 ? Float(Double(unsharedSamples * world.size) / samples) : 1
            let share = 1 / Float(world.size)
            try engine.withRunningStatistics { statistics in
                for index in statistics.indices { statistics[index] *= weight }
                try world.sum(&statistics, as: "running statistics")
                for index in statistics.indices { statistics[index] *= share }
            }
        case .local:
            try engine.withRunningStatistics { statistics in
                try world.broadcast(&statistics, from: 0, as: "running statistics")
            }
        }
        unsharedSamples = 0
        // Averages of statistics that were each rank's own: rank 0's stand for all, as they do in checkpoints.
        if engine.keepsAverages && recipe.batchNorm != .sync {
            try engine.withState(.averages) { averages in try world.broadcast(&averages, from: 0, as: "averages") }
        }
    }
}
