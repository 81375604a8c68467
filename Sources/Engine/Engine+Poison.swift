internal import Graphs
internal import Tensors

// For tests: checks that nothing touches memory between tensors.

extension Engine {
    /// Fills the arena of activations with a NaN; between two steps no tensor there is in use.
    package func poison() { activations.baseAddress.update(repeating: Self.poisoned, count: activations.count) }

    /// Whether a training step has left the gaps between tensors untouched; true for plans without gaps.
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
