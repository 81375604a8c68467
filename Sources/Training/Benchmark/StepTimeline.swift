import Planning
import Tensors

/// The events in a step that other ranks depend on; between them, a rank computes by itself. For use by the computing
/// thread.
final class StepTimeline {
    private struct Step {
        var events: [StepMeasurement.Event] = []
        var rest = 0.0
        var update = 0.0
    }

    private var steps: [Step] = []
    private var current = Step()
    /// The time at which the rank began or resumed computing.
    private var since = 0.0

    func begin(at time: Double) {
        current = Step()
        since = time
    }

    /// Notes that gradients have become final.
    func finished(_ gradients: Int) {
        let now = monotonicSeconds()
        current.events.append(StepMeasurement.Event(seconds: now - since, gradients: gradients))
        since = now
    }

    /// Notes a sum of moments, which `body` computes; its time does not count.
    func summing(_ moments: Int, _ body: () throws -> Void) rethrows {
        current.events.append(StepMeasurement.Event(seconds: monotonicSeconds() - since, moments: moments))
        try body()
        since = monotonicSeconds()
    }

    /// Notes the end of the step, whose backward pass ended at `trained` and whose update took `update` seconds.
    func end(trained: Double, update: Double) {
        current.rest = trained - since
        current.update = update
        steps.append(current)
    }

    func forget() { steps = [] }

    /// Returns the medians over the steps.
    func measurement(model: String, samples: Int, threads: ThreadChoice, gradients: Int) -> StepMeasurement {
        let first = steps.first?.events ?? []
        let events = first.indices.map { index in
            var event = first[index]
            event.seconds = median(
                steps.compactMap { $0.events.indices.contains(index) ? $0.events[index].seconds : nil })
            return event
        }
        return StepMeasurement(
            model: model, samples: samples, threads: threads.threads, localRanks: threads.localRanks,
            cores: threads.cores, events: events, restSeconds: median(steps.map(\.rest)),
            updateSeconds: median(steps.map(\.update)), gradients: gradients,
            stepSeconds: steps.map { step in step.events.reduce(0) { $0 + $1.seconds } + step.rest + step.update })
    }
}
