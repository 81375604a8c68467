import Recipes
import Runs
import Terminal

extension Trainer {
    /// Whether the last step was the last of an epoch, or of the run.
    var isEpochEnd: Bool { sizes.stepInEpoch(after: step) == 0 || step == sizes.totalSteps }

    /// Shows the progress of the run to a person. Costs little between updates, and without a terminal.
    func showProgress() { log.console.bar?.show(progressFigures) }

    /// The step in its epoch, and the figures of the last report; the time left is as of this step.
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

    /// Returns the steps of an epoch; fewer where the run ends within it.
    private func stepsInEpoch(_ epoch: Int) -> Int {
        min(sizes.stepsPerEpoch, sizes.totalSteps - (epoch - 1) * sizes.stepsPerEpoch)
    }
}
