import Recipes
import Testing

@testable import Training

@Suite("Checkpoints are due") struct CheckpointScheduleTests {
    private func steps(_ intervals: [Recipe.Interval], upTo last: Int = 12) -> [Int] {
        let schedule = CheckpointSchedule(intervals, stepsPerEpoch: 3)
        return (1...last).filter { schedule.isDue(after: $0) }
    }

    @Test("checkpoints are due at multiples of steps and of epochs, where any interval says so")
    func multiples() {
        #expect(steps([.steps(5)]) == [5, 10])
        #expect(steps([.epochs(1)]) == [3, 6, 9, 12])
        #expect(steps([.epochs(2), .steps(5)]) == [5, 6, 10, 12])
        #expect(steps([.seconds(1)]) == [])
    }

    @Test("checkpoints are due by the clock once the shortest of the times has passed")
    func clock() {
        let schedule = CheckpointSchedule([.seconds(600), .seconds(60), .steps(5)], stepsPerEpoch: 3)
        #expect(!schedule.isDue(afterSeconds: 59.9))
        #expect(schedule.isDue(afterSeconds: 60))
        #expect(!CheckpointSchedule([.steps(1)], stepsPerEpoch: 3).isDue(afterSeconds: 1e9))
    }
}
