import Compiler
import Graphs
import Networks
import Tensors
import TestSupport
import Testing

@testable import Engine

@Suite("An engine that trains on images of several sizes")
struct SizedTrainingTests {
    /// The same network for images of 24 and of 9 pixels a side.
    private struct Pair: CustomTestStringConvertible {
        let large: Specimen
        let small: Specimen

        init(_ network: Network) throws {
            large = try Specimen(network, imageSize: 24, samples: 6)
            small = try Specimen(network, imageSize: 9, samples: 6)
        }

        var testDescription: String { large.network.name }

        func engine(_ backend: Backend) throws -> Engine {
            let configuration = try large.engine(backend).configuration
            let engine = try Engine(
                EngineLayout(
                    training: large.training, evaluation: large.evaluation, configuration: configuration,
                    otherTrainings: [small.training]))
            for (id, values) in large.parameters where large.training[id].role != .batchesTracked {
                engine.setValues(of: id, to: values)
            }
            return engine
        }
    }

    private static func pairs() throws -> [Pair] {
        var options = ModelOptions()
        options.blocks = [2, 3]
        return try [
            Pair(Zoo.model(named: "densenet_bc_100_12").network(options: options)),
            Pair(
                Network("residual", inputChannels: 3, classes: 10) { images in
                    let x = images.convolution("stem", to: 32, kernel: 3, padding: 1, bias: false).batchNorm("n").relu()
                    let body = x.convolution("conv", to: 32, kernel: 3, padding: 1, bias: false).batchNorm("norm")
                    return body.add(x).relu().adaptiveAveragePool(to: 1).flatten().linear("classifier", to: 10)
                }),
        ]
    }

    private func train(_ engine: Engine, _ specimen: Specimen, steps: Range<Int>) throws {
        let batch = specimen.batch(shardSizes: specimen.shardSizes(4))
        for step in steps {
            _ = try engine.train(batch, globalSamples: specimen.samples, step: step, sumOverRanks: nil)
            engine.update(engine.configuration.optimizer, learningRate: 0.05)
        }
    }

    private func bits(_ engine: Engine) -> [[UInt32]] {
        engine.stateExtents.map { extent in
            engine.withState(extent.kind) { span in span.indices.map { span[$0].bitPattern } }
        }
    }

    @Test("has the bits of one engine a size, of which each hands its state on to the next")
    func bits() throws {
        for pair in try Self.pairs() {
            for backend in Backend.supported {
                let engine = try pair.engine(backend)
                engine.trainOnImages(ofSize: 9)
                try train(engine, pair.small, steps: 0..<2)
                let small = try pair.small.engine(backend)
                try train(small, pair.small, steps: 0..<2)
                #expect(bits(engine) == bits(small), "\(pair.testDescription) on \(backend)")

                let large = try pair.large.engine(backend)
                let memory = try small.snapshotMemory()
                _ = small.snapshot(in: memory)
                _ = large.restore(memory)
                (large.updates, large.batchesTracked) = (small.updates, small.batchesTracked)
                let batch = pair.large.batch(shardSizes: [pair.large.samples])
                #expect(try engine.evaluate(batch).lossSum == large.evaluate(batch).lossSum)
                engine.trainOnImages(ofSize: 24)
                try train(engine, pair.large, steps: 2..<4)
                try train(large, pair.large, steps: 2..<4)
                #expect(bits(engine) == bits(large), "\(pair.testDescription) on \(backend)")
            }
        }
    }

    @Test("reports gradients of each size as final that do not change afterwards, and all of them in the end")
    func progress() throws {
        for pair in try Self.pairs() {
            let engine = try pair.engine(Backend.supported[0])
            let lent = engine.lendGradients()
            for specimen in [pair.small, pair.large] {
                engine.trainOnImages(ofSize: specimen.imageSize)
                var told: [[UInt32]] = []
                let batch = specimen.batch(shardSizes: specimen.shardSizes(4))
                _ = try engine.train(batch, globalSamples: specimen.samples, step: 0, sumOverRanks: nil) { count in
                    told.append(lent.withMutableSpan(0..<count) { span in span.indices.map { span[$0].bitPattern } })
                }
                let all = lent.withMutableSpan(0..<lent.count) { span in span.indices.map { span[$0].bitPattern } }
                for bits in told { #expect(bits == Array(all.prefix(bits.count)), "\(specimen)") }
                #expect(told.count > 1 && told.last?.count == lent.count, "\(specimen)")
            }
        }
    }

    @Test("takes the memory that its layout says: activations of the largest, plans of all")
    func memory() throws {
        for pair in try Self.pairs() {
            let engine = try pair.engine(Backend.supported[0])
            let layout = EngineLayout(
                training: pair.large.training, evaluation: pair.large.evaluation, configuration: engine.configuration,
                otherTrainings: [pair.small.training])
            let alone = EngineLayout(
                training: pair.large.training, evaluation: pair.large.evaluation, configuration: engine.configuration)
            #expect(layout.planBytes == engine.planBytes && layout.planBytes > alone.planBytes)
            #expect(layout.activationBytes == engine.activationBytes)
            #expect(layout.activationBytes == alone.activationBytes)
        }
    }

    @Test("finishes gradients in the arena's order, whatever the order of a graph of another size")
    func order() throws {
        let pair = try #require(try Self.pairs().first)
        let arena = ParameterArena(graph: pair.large.training)
        #expect(arena.finishing(by: pair.large.training).finishedAfterNode == arena.finishedAfterNode)
        let small = arena.finishing(by: pair.small.training)
        #expect(small.finishedAfterNode.last == arena.trainableCount && small.count == arena.count)
    }
}
