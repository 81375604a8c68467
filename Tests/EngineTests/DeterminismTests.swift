import Engine
import Graphs
import Networks
import Tensors
import TestSupport
import Testing

/// The same bits, whatever computes them.
@Suite struct DeterminismTests {
    /// Everything that three steps of training leave: logits, losses, gradients, parameters, running statistics.
    private func trace(
        _ specimen: Specimen, _ backend: Backend, threads: Int, shards: Int = 4
    ) throws -> [[Float]] {
        let engine = try specimen.engine(backend, threads: threads, shards: shards)
        let batch = specimen.batch(shardSizes: specimen.shardSizes(shards))
        var trace: [[Float]] = []
        for step in 0..<3 {
            let tally = try engine.train(batch, globalSamples: specimen.samples, step: step, exchange: nil)
            trace += [engine.logits(), [Float(tally.lossSum)]]
            trace += specimen.training.trainable.map(engine.gradient)
            engine.update(SGDStep(learningRate: 0.1, momentum: 0.9, weightDecay: 1e-3, nesterov: step == 1))
        }
        trace += (specimen.training.trainable + specimen.training.statistics).map(engine.values)
        _ = try engine.evaluate(batch)
        return trace + [engine.logits()]
    }

    private static let specimens =
        Specimens.joints + Specimens.groupsElsewhere + Specimens.heads
        + [
            Specimens.widths, Specimens.norms, Specimens.pools, Specimens.groups, Specimens.depthwise,
            Specimens.activations, Specimens.responses,
        ].flatMap { $0.enumerated().filter { $0.offset % 3 == 0 }.map(\.element) }

    @Test("any number of threads gives the same bits", arguments: specimens)
    func threads(specimen: Specimen) throws {
        for backend in Backend.supported where backend != .openblas {
            let one = try trace(specimen, backend, threads: 1)
            for threads in [2, 3, 5] {
                #expect(try trace(specimen, backend, threads: threads) == one, "\(backend), \(threads) threads")
            }
        }
    }

    @Test(
        "AVX2 and AVX-512 give the same bits",
        .enabled(if: Engine.supports(.avx2) && Engine.supports(.avx512), "needs a CPU with both"), arguments: specimens)
    func instructionSets(specimen: Specimen) throws {
        #expect(try trace(specimen, .avx2, threads: 2) == trace(specimen, .avx512, threads: 2))
    }

    @Test("other dropout seeds draw otherwise, the same draw again", arguments: Backend.supported)
    func dropout(backend: Backend) throws {
        let specimen = try #require(Specimens.joints.first { $0.network.name == "dropout" })
        let engine = try specimen.engine(backend)
        let batch = specimen.batch(shardSizes: [1, 1, 1, 1])
        let losses = try [0, 1, 0].map {
            try engine.train(batch, globalSamples: specimen.samples, step: $0, exchange: nil).lossSum
        }
        #expect(losses[0] == losses[2])
        #expect(losses[0] != losses[1])
    }
}
