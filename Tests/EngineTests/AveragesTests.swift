import Engine
import Graphs
import Testing

@Suite("Averages over time")
struct AveragesTests {
    @Test("averages over time are what their formula says, to the bit, on any number of threads", arguments: [1, 3])
    func formula(threads: Int) throws {
        let specimen = try #require(Specimens.joints.first)
        let engine = try specimen.engine(Backend.supported[0], threads: threads) { $0.keepsAverages = true }
        let batch = specimen.batch(shardSizes: specimen.shardSizes(4))
        let all = specimen.training.trainable + specimen.training.statistics
        engine.beginAverages()
        var expected = all.map(engine.values)
        #expect(all.map { engine.values(of: $0, in: .averages) } == expected)
        let share: Float = 0.75
        for step in 0..<3 {
            _ = try engine.train(batch, globalSamples: specimen.samples, step: step, sumOverRanks: nil)
            engine.update(SGD(momentum: 0.9, weightDecay: 1e-3), learningRate: 0.1)
            engine.average(keeping: share)
            for (index, values) in all.map(engine.values).enumerated() {
                for element in values.indices {
                    let difference = values[element] - expected[index][element]
                    expected[index][element] += (1 - share) * difference
                }
            }
        }
        #expect(all.map { engine.values(of: $0, in: .averages) } == expected)
        #expect(all.map(engine.values) != expected)
    }

    @Test("averages over time change places with the values, and back")
    func swap() throws {
        let specimen = try #require(Specimens.joints.first)
        let engine = try specimen.engine(Backend.supported[0]) { $0.keepsAverages = true }
        let all = specimen.training.trainable + specimen.training.statistics
        engine.beginAverages()
        for id in all { engine.setValues(of: id, in: .averages, to: engine.values(of: id).map { 2 * $0 + 1 }) }
        let (values, averages) = (all.map(engine.values), all.map { engine.values(of: $0, in: .averages) })
        engine.swapAverages()
        #expect(all.map(engine.values) == averages && all.map { engine.values(of: $0, in: .averages) } == values)
        engine.swapAverages()
        #expect(all.map(engine.values) == values && all.map { engine.values(of: $0, in: .averages) } == averages)
    }
}
