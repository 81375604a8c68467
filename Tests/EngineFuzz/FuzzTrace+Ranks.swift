import Collectives
import Engine
import Graphs
import Tensors

extension FuzzTrace {
    /// On some ranks, which are threads: what each of them has of gradients, parameters and statistics.
    static func onRanks(_ ranks: Int, _ specimen: FuzzSpecimen, _ setup: FuzzSetup) throws -> [FuzzTrace] {
        try InProcessCommunicator.run(ranks: ranks) { world in
            let own = Sharding(shards: specimen.shardSizes.count, ranks: ranks, rank: world.rank).ownShards
            let engine = try specimen.engine(setup, shards: own.count, count: nil)
            let batch = specimen.batch(ofShards: own)
            var trace = FuzzTrace()
            for step in 0..<2 {
                _ = try engine.train(
                    batch, globalSamples: specimen.samples, step: step, sumOverRanks: { try world.sum(&$0) },
                    lossDivisor: Double(specimen.lossDivisor))
                try engine.withGradients { try world.sum(&$0) }
                trace.append(specimen.training, engine, step: step)
            }
            return trace
        }
    }
}
