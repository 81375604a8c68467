import Compiler
import Engine
import Graphs
import Networks
import TestSupport
import Testing

/// Batch norm's messages between ranks.
@Suite struct AllReduceTests {
    /// The messages of a step, and its results.
    private struct Sent {
        /// The count of numbers of each message.
        var messages: [Int] = []
        var bits: [[UInt32]] = []
    }

    /// Runs a step beside a rank that has the same samples: each message comes back twice as large.
    private func step(_ specimen: Specimen, passes: Set<GraphPass>) throws -> Sent {
        var sent = Sent()
        let engine = try specimen.engine(Backend.supported[0], passes: passes)
        _ = try engine.train(
            specimen.batch(shardSizes: specimen.shardSizes(4)), globalSamples: 2 * specimen.samples, step: 0,
            sumOverRanks: { numbers in
                sent.messages.append(numbers.count)
                for index in numbers.indices { numbers[index] *= 2 }
            })
        let training = specimen.training
        sent.bits = (training.trainable.map(engine.gradient) + training.statistics.map(engine.values)).map {
            $0.map(\.bitPattern)
        }
        return sent
    }

    private static let specimens = PassTests.specimens.filter { specimen in
        specimen.training.nodes.contains { if case .batchNorm = $0.operation { true } else { false } }
    }

    @Test(
        "each number is summed over ranks once, before it is read, whichever message contains it",
        arguments: specimens)
    func numbers(specimen: Specimen) throws {
        var others = Set(GraphPass.allCases)
        others.remove(.normsTogether)
        let (apart, together) = (
            try step(specimen, passes: others), try step(specimen, passes: Set(GraphPass.allCases))
        )
        #expect(together.bits == apart.bits)
        let numbers = [together, apart].map { $0.messages.reduce(0, +) }
        #expect(numbers[0] == numbers[1])
        #expect(together.messages.count <= apart.messages.count && !together.messages.isEmpty)
    }

    /// The number of messages of a step by model: with a message for each batch norm and pass, and with messages
    /// shared.
    @Test(
        "a network sends as many messages as batch norms depend on each other in a chain",
        arguments: [("googlenet", 118, 42), ("resnet50", 106, 98), ("densenet121", 242, 242)])
    func messages(model: String, norms: Int, together: Int) throws {
        let network = try Zoo.model(named: model).network(classes: 5, inputChannels: 3)
        let specimen = try Specimen(network, imageSize: 32, samples: 4)
        #expect(
            2 * specimen.training.nodes.count { if case .batchNorm = $0.operation { true } else { false } } == norms)
        #expect(try step(specimen, passes: Set(GraphPass.allCases)).messages.count == together)
    }

    @Test("batch norms that share messages take no more memory", arguments: ["googlenet", "resnet50"])
    func memory(model: String) throws {
        let network = try Zoo.model(named: model).network(classes: 1000, inputChannels: 3)
        let plain = try Graph(network: network, imageSize: 224, purpose: .training)
        var others = Set(GraphPass.allCases)
        others.remove(.normsTogether)
        #expect(
            plain.applying(Set(GraphPass.allCases)).recomputingForMemory().leastFloats
                <= plain.applying(others).recomputingForMemory().leastFloats)
    }
}
