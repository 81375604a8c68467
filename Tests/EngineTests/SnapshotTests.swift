import Engine
import Graphs
import Networks
import Tensors
import TestSupport
import Testing

/// Snapshots, from which checkpoints are written while training goes on.
@Suite struct SnapshotTests {
    /// Specimens with every packing of weights, and one with a layer whose weights do not fit into one chunk.
    private static var specimens: [Specimen] {
        get throws {
            let wide = try Specimen("wide", channels: 3, imageSize: 4, samples: 4, classes: 1300) {
                $0.convolution("a", to: 600, kernel: 1)
            }
            return [wide] + Specimens.groups.prefix(3) + Specimens.norms.prefix(1)
        }
    }

    private func values(_ engine: Engine, _ read: (ParameterID) -> [Float]) -> [[UInt32]] {
        engine.parameters.indices.filter { engine.parameters[$0].isTrainable }
            .map { read(ParameterID(index: $0)).map(\.bitPattern) }
    }

    private func taken(_ each: ((Span<Float>) -> Void) -> Void) -> [Float] {
        var values: [Float] = []
        each { run in for index in run.indices { values.append(run[index]) } }
        return values
    }

    @Test("an engine's snapshot holds the state at its time, whatever the engine does afterwards")
    func moment() throws {
        for specimen in try Self.specimens {
            let engine = try specimen.engine(Backend.supported[0])
            let batch = specimen.batch(shardSizes: specimen.shardSizes(4))
            func step(_ step: Int) throws {
                _ = try engine.train(batch, globalSamples: specimen.samples, step: step, sumOverRanks: nil)
                engine.update(SGD(momentum: 0.9, weightDecay: 0), learningRate: 0.1)
            }
            try step(0)
            let weights = values(engine, engine.values)
            let momentum = values(engine) { engine.values(of: $0, in: .optimizer("momentum")) }
            let memory = try engine.snapshotMemory()
            let snapshot = engine.snapshot(in: memory)
            try step(1)
            #expect(
                values(engine, engine.values) != weights
                    && values(engine) { engine.values(of: $0, in: .optimizer("momentum")) } != momentum)
            #expect(
                values(engine) { id in taken { snapshot.forEachRun(of: id, in: .values, $0) } } == weights,
                "\(specimen)")
            #expect(
                values(engine) { id in taken { snapshot.forEachRun(of: id, in: .optimizer("momentum"), $0) } }
                    == momentum)
            #expect(snapshot.firstNotFinite() == nil)
        }
    }

    @Test(
        "another engine takes over a snapshot to the bit, averages included, with its checksum",
        arguments: [1, 3])
    func restored(threads: Int) throws {
        for specimen in try Self.specimens {
            let engine = try specimen.engine(Backend.supported[0]) { $0.keepsAverages = true }
            let batch = specimen.batch(shardSizes: specimen.shardSizes(4))
            engine.beginAverages()
            _ = try engine.train(batch, globalSamples: specimen.samples, step: 0, sumOverRanks: nil)
            engine.update(SGD(momentum: 0.9, weightDecay: 0), learningRate: 0.1)
            engine.average(keeping: 0.5)
            let memory = try engine.snapshotMemory()
            let snapshot = engine.snapshot(in: memory)
            let other = try specimen.engine(Backend.supported[0], threads: threads) { $0.keepsAverages = true }
            #expect(other.arenaFingerprint == engine.arenaFingerprint)
            #expect(other.restore(memory) == snapshot.checksum)
            #expect(other.snapshot(in: try other.snapshotMemory()).checksum == snapshot.checksum)
            for kind in engine.stateExtents.map(\.kind) {
                for (index, parameter) in engine.parameters.enumerated()
                where parameter.isTrainable || kind.hasBuffers && parameter.role != .batchesTracked {
                    let id = ParameterID(index: index)
                    let (own, others) = (engine.values(of: id, in: kind), other.values(of: id, in: kind))
                    #expect(own.map(\.bitPattern) == others.map(\.bitPattern), "\(kind) of \(parameter.name)")
                }
            }
        }
        let fingerprints = try Self.specimens.map { try $0.engine(Backend.supported[0]).arenaFingerprint }
        #expect(Set(fingerprints).count == fingerprints.count)
    }

    @Test("an infinite number in a snapshot is found, with the parameter that it belongs to")
    func notFinite() throws {
        let specimen = Specimens.norms[0]
        let engine = try specimen.engine(Backend.supported[0])
        let memory = try engine.snapshotMemory()
        for (index, parameter) in engine.parameters.enumerated() where parameter.role != .batchesTracked {
            let id = ParameterID(index: index)
            let sound = engine.values(of: id)
            var bad = sound
            bad[bad.count - 1] = .infinity
            engine.setValues(of: id, to: bad)
            let found = engine.snapshot(in: memory).firstNotFinite()
            #expect(found?.id == id && found?.kind == .values)
            engine.setValues(of: id, to: sound)
            guard parameter.isTrainable else { continue }
            engine.setValues(of: id, in: .optimizer("momentum"), to: bad)
            let velocity = engine.snapshot(in: memory).firstNotFinite()
            #expect(velocity?.id == id && velocity?.kind == .optimizer("momentum"))
            engine.setValues(of: id, in: .optimizer("momentum"), to: sound)
        }
    }
}
