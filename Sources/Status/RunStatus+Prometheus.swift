import Foundation
import Runs

extension RunStatus {
    /// Returns the run as metrics. Names follow prometheus.io/docs/practices/naming: a prefix, basic units, `_total`
    /// for counters.
    ///
    /// - Parameters:
    ///   - now: the clock of the status.
    ///   - checkpointAge: seconds since the newest checkpoint was written; nil where there is none.
    func metrics(at now: Double, checkpointAge: Double?) -> String {
        var text = PrometheusText()
        let labels = [("model", model), ("data", data), ("folder", folder.path)]
        text.add("cnn_train_info", .gauge, "The run, by its labels.", [.init(value: 1, labels: labels)])
        addProgress(to: &text, at: now)
        addTraining(to: &text)
        text.add(
            "cnn_train_checkpoint_age_seconds", .gauge, "Time since the newest checkpoint was written.", checkpointAge)
        addRanks(to: &text)
        text.add(
            "cnn_train_events_total", .counter, "Steps that were not finite, by what was done about them.",
            ["skipped", "rewound"].map { kind in
                PrometheusText.Sample(value: Double(eventCounts[kind] ?? 0), labels: [("kind", kind)])
            })
        return text.text
    }

    private func addProgress(to text: inout PrometheusText, at now: Double) {
        text.add("cnn_train_steps_total", .counter, "Optimizer steps taken since the beginning of the run.", step)
        text.add("cnn_train_planned_steps", .gauge, "Optimizer steps of the whole run.", totalSteps)
        text.add("cnn_train_epoch", .gauge, "The epoch of the newest report, from 1.", training?["epoch"])
        text.add(
            "cnn_train_samples_total", .counter, "Samples trained on since the beginning of the run.",
            training?["samples"])
        text.add("cnn_train_time_left_seconds", .gauge, "Time until the last step, at the present pace.", secondsLeft)
        text.add(
            "cnn_train_report_age_seconds", .gauge, "Time since the run was last heard of.", max(0, now - newest))
        text.add(
            "cnn_train_advancing", .gauge, "1 while steps advance, 0 when none has for much longer than usual.",
            isAdvancing(at: now) ? 1 : 0)
    }

    private func addTraining(to text: inout PrometheusText) {
        text.add("cnn_train_loss", .gauge, "Mean loss of a training sample in the newest report.", training?["loss"])
        text.add(
            "cnn_train_accuracy_ratio", .gauge, "Share of training samples classified rightly in the newest report.",
            training?["accuracy"])
        text.add("cnn_train_learning_rate", .gauge, "Learning rate of the newest report.", training?["lr"])
        text.add(
            "cnn_train_images_per_second", .gauge, "Training images a second in the newest report.",
            training?["images_per_second"])
        text.add(
            "cnn_train_data_wait_seconds_total", .counter,
            "Time for which rank 0 waited for images since the process began.",
            waitedForImages)
        text.add(
            "cnn_train_test_loss", .gauge, "Mean loss of a test sample in the newest evaluation.", evaluation?["loss"])
        text.add(
            "cnn_train_test_accuracy_ratio", .gauge,
            "Share of test samples classified rightly in the newest evaluation.", evaluation?["accuracy"])
        text.add(
            "cnn_train_best_test_accuracy_ratio", .gauge, "The greatest share of all evaluations.", bestAccuracy)
    }

    private func addRanks(to text: inout PrometheusText) {
        text.add("cnn_train_ranks", .gauge, "Ranks of the run.", ranks)
        text.add(
            "cnn_train_rank_lag_ratio", .gauge, "A rank's time of work over the median rank's in the newest report.",
            rankStatuses.map { PrometheusText.Sample(value: $0.lagRatio, labels: [("rank", String($0.rank))]) })
    }
}
