import Collectives
import Engine
import Recipes

extension Trainer {
    /// Gives all ranks the same running statistics in one message, where each keeps its own: their mean, weighted by
    /// samples, or rank 0's, as the recipe says. So one network is evaluated and saved, not one for each rank.
    /// Collective.
    func shareRunningStatistics() throws {
        guard world.size > 1 else { return }
        switch recipe.batchNorm {
        case .sync:
            break
        case .average:
            let samples = try world.sum([Double(unsharedSamples)])[0]
            // The weight is 1 where all ranks have the same number of samples.
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
        // Averages over time of ranks' own statistics differ; all ranks take rank 0's, as checkpoints do.
        if engine.keepsAverages && recipe.batchNorm != .sync {
            try engine.withState(.averages) { averages in try world.broadcast(&averages, from: 0, as: "averages") }
        }
    }
}
