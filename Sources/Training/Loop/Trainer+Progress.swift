import Recipes
import Runs
import Terminal

extension Trainer {
    /// Whether the step that was taken last is an epoch's last, or the run's.
    var isEpochEnd: Bool { sizes.stepInEpoch(after: step) == 0 || step == sizes.totalSteps }

    /// Shows a person how far the run is. Cheap where it is not time for that, or nobody looks on.
    func showProgress() { log.console.bar?.show(progressFigures) }

    /// The step in its epoch, and what the last report said; the time that is left is that of the step.
    private var progressFigures: ProgressFigures {
        let epoch = sizes.epochNumber(ofStep: step)
        let last = areStepsKnown ? "/\(sizes.epochNumber(ofStep: sizes.totalSteps))" : ""
        var facts: [ProgressFigures.Words] = []
        if let report = lastReport {
            let loss = Wording.significant(report.loss)
            let accuracy = Wording.fixed(report.accuracy * 100, 1) + "%"
            let speed = Wording.significant(report.imagesPerSecond)
            let left = Wording.duration(seconds: secondsLeft(imagesPerSecond: report.imagesPerSecond))
            facts = [
                .init("loss \(loss)", short: loss), .init("acc \(accuracy)", short: accuracy),
                .init("\(left) left", short: left), .init("\(speed) img/s", short: "\(speed)/s"),
            ]
        }
        return ProgressFigures(
            .init("epoch \(epoch)\(last)", short: "\(epoch)\(last)"), done: stepInEpoch(epoch), of: stepsInEpoch(epoch),
            facts: facts)
    }

    private func stepInEpoch(_ epoch: Int) -> Int { step - (epoch - 1) * sizes.stepsPerEpoch }

    /// Fewer than in others where the run ends within the epoch.
    private func stepsInEpoch(_ epoch: Int) -> Int {
        min(sizes.stepsPerEpoch, sizes.totalSteps - (epoch - 1) * sizes.stepsPerEpoch)
    }
}
