import Planning
import Tensors

/// The points in a step at which other ranks matter: between them a rank computes by itself. Filled in by the thread
/// that computes.
final class StepTimeline {
    private struct Step {
        var events: [StepMeasurement.Event] = []
        var rest = 0.0
        var update = 0.0
    }

    private var steps: [Step] = []
    private var current = Step()
    /// The time at which the rank began to compute, or went on.
    private var since = 0.0

    func begin(at time: Double) {
        current = Step()
        since = time
    }

    /// Gradients became final.
    func finished(_ gradients: Int) {
        let now = monotonicSeconds()
        current.events.append(StepMeasurement.Event(seconds: now - since, gradients: gradients))
        since = now
    }

    /// Moments are summed by `body`, which does not count.
    func exchanging(_ moments: Int, _ body: () throws -> Void) rethrows {
        current.events.append(StepMeasurement.Event(seconds: monotonicSeconds() - since, moments: moments))
        try body()
        since = monotonicSeconds()
    }

    /// The step has ended: its backward pass at `trained`, its update took `update` seconds.
    func end(trained: Double, update: Double) {
        current.rest = trained - since
        current.update = update
        steps.append(current)
    }

    func forget() { steps = [] }

    /// The median step.
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
