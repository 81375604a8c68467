import Compiler
import Graphs
import Tensors
import Testing

@testable import Engine

/// Tensors whose channels do not fill whole vectors have padding between their pixels. Kernels compute with it, and its
/// numbers must not matter. A weight in the padding that no output has would grow unseen, until the guard takes it for
/// a gradient that is not finite.
@Suite struct PaddingTests {
    @Test(
        "padding between channels reaches neither results nor parameters",
        arguments: Specimens.all + Specimens.filtered)
    func poison(specimen: Specimen) throws {
        for backend in Backend.supported {
            let (clean, poisoned) = (try specimen.engine(backend), try specimen.engine(backend))
            let batch = specimen.batch(shardSizes: specimen.shardSizes(4))
            for step in 0..<3 {
                // Activations hold nothing that is needed between two steps.
                poisoned.activations.baseAddress.update(repeating: .nan, count: poisoned.activations.count)
                for engine in [clean, poisoned] {
                    _ = try engine.train(batch, globalSamples: specimen.samples, step: step, sumOverRanks: nil)
                    engine.update(SGD(momentum: 0.9, weightDecay: 1e-3), learningRate: 0.1)
                }
                #expect(poisoned.logits() == clean.logits(), "\(backend), step \(step)")
            }
            for id in specimen.training.trainable + specimen.training.statistics {
                #expect(poisoned.values(of: id) == clean.values(of: id), "\(backend), \(specimen.training[id].name)")
            }
            let used = poisoned.usedPlaces
            let unused = (0..<poisoned.weights.count).filter { !used[$0] }
            #expect(
                poisoned.withState(.values) { values in unused.allSatisfy { values[$0] == 0 } }, "weights, \(backend)")
            let gradients = unused.filter { $0 < poisoned.arena.trainableCount }
            #expect(
                poisoned.withGradients { values in gradients.allSatisfy { values[$0] == 0 } }, "gradients, \(backend)")
            #expect(
                poisoned.withState(.optimizer("momentum")) { values in gradients.allSatisfy { values[$0] == 0 } },
                "momentum, \(backend)")
        }
    }
}

extension Engine {
    /// Whether an element of a parameter or buffer lies there, for each place of the arena of weights.
    var usedPlaces: [Bool] {
        var used = [Bool](repeating: false, count: arena.count)
        for (entry, parameter) in zip(arena.entries, parameters) where parameter.role != .batchesTracked {
            if let packing = entry.packing {
                packing.forEach { _, packed in used[entry.offset + packed] = true }
            } else {
                for index in 0..<parameter.count { used[entry.offset + index] = true }
            }
        }
        return used
    }
}
