import Testing

@testable import Engine

@Suite("Running statistics")
struct RunningStatisticsTests {
    @Test("running statistics are lent in the order in which they are read, and nothing else is")
    func lent() throws {
        let specimen = Specimens.norms[0]
        let engine = try specimen.engine(Backend.supported[0])
        let weights = specimen.training.trainable.map(engine.values)
        engine.withRunningStatistics { span in for index in span.indices { span[index] = Float(index) } }
        #expect(engine.runningStatistics == engine.runningStatistics.indices.map(Float.init))
        #expect(specimen.training.trainable.map(engine.values) == weights)
        let statistics = specimen.training.statistics.flatMap(engine.values)
        #expect(statistics.allSatisfy { $0 >= 0 && $0 == $0.rounded() } && Set(statistics).count == statistics.count)
    }
}
