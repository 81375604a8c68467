import Collectives
import Engine
import Recipes

extension Trainer {
    /// Where each rank keeps moments of its own, gives all of them the same running statistics in one message: one network is evaluated
    /// and saved, not one a rank. Collective.
    func shareRunningStatistics() throws {
        guard world.size > 1 else { return }
        switch recipe.batchNorm {
        case .sync:
            break
        case .average:
            let share = 1 / Float(world.size)
            try engine.withRunningStatistics { statistics in
                try world.sum(&statistics, as: "running statistics")
                for index in statistics.indices { statistics[index] *= share }
            }
        case .local:
            try engine.withRunningStatistics { statistics in
                try world.broadcast(&statistics, from: 0, as: "running statistics")
            }
        }
        // Averages of statistics that were each rank's own: rank 0's stand for all, as they do in checkpoints.
        if engine.keepsAverages && recipe.batchNorm != .sync {
            try engine.withAverages { averages in try world.broadcast(&averages, from: 0, as: "averages") }
        }
    }
}
