internal import Graphs
internal import Tensors

// For tests: memory that belongs to nobody, and who touches it.

extension Engine {
    /// Puts a number that is none into all of the activations' arena, of which nothing is anybody's between two steps.
    package func poison() { activations.baseAddress.update(repeating: Self.poisoned, count: activations.count) }

    /// Whether a training step has left alone what lies between the tensors of a plan that spreads them.
    package var hasWholeGaps: Bool {
        guard configuration.spreadsTensors, let gaps = trainingGaps else { return true }
        let slots = configuration.shards * configuration.shardCapacity
        return gaps.allSatisfy { gap in
            (gap.lowerBound * slots..<gap.upperBound * slots).allSatisfy {
                activations.baseAddress[$0].bitPattern == Self.poisoned.bitPattern
            }
        }
    }

    private static var poisoned: Float { Float(bitPattern: 0x7FC0_5EED) }
}
