package import Checkpoints

/// States of a small run, by step, that processes make alike.
package enum Specimen {
    /// A state with awkward things in it: a scalar, an empty tensor, infinity, a zero below zero, and `noise` numbers
    /// that do not compress, so that writing takes several calls where there are many.
    package static func state(step: Int, noise: Int = 75_000) -> Checkpoint {
        var state = UInt32(truncatingIfNeeded: step) &* 2_654_435_761 | 1
        let numbers = (0..<noise).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Float(bitPattern: state & 0xBFFF_FFFF)
        }
        let weight: [Float] = [1, -0.0, .infinity, .leastNonzeroMagnitude, Float(step), 1 / 3]
        return Checkpoint(
            tensors: [
                NamedTensor(name: "norm.num_batches_tracked", shape: [], storage: .int64([Int64(step)])),
                NamedTensor(name: "fc.weight", shape: [2, 3], storage: .float32(weight)),
                NamedTensor(name: "empty", shape: [0, 4], storage: .float32([])),
                NamedTensor(name: "noise", shape: [noise], storage: .float32(numbers)),
            ],
            optimizer: [
                NamedTensor(
                    name: Checkpoint.optimizerName("momentum", of: "fc.weight"), shape: [2, 3],
                    storage: .float32([1, 2, 3, 4, 5, Float(-step)]))
            ],
            about: Checkpoint.About(
                model: "lenet", classes: 10, imageSize: 28, inputChannels: 1, classNames: ["a", "b"],
                recipe: "model: lenet\n", seed: 1,
                progress: Checkpoint.Progress(
                    epoch: step / 4, stepInEpoch: step % 4, globalStep: step, samples: 64 * step),
                metrics: ["test_accuracy": 1 / Double(step + 1)]))
    }
}

extension Checkpoint {
    /// Whether all is the same, to the bit: zeros of both signs differ, and not-a-numbers may be equal.
    package func isSame(as other: Checkpoint) -> Bool {
        func names(_ tensors: [NamedTensor]) -> [String] { tensors.map(\.name) }
        return metadata == other.metadata && names(tensors) == names(other.tensors)
            && names(optimizer) == names(other.optimizer) && names(averaged) == names(other.averaged)
            && sha256(of: allTensors) == sha256(of: other.allTensors)
    }
}
