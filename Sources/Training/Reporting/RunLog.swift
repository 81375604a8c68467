import Checkpoints
import Datasets
import Engine
import Foundation
import Graphs
import Networks
import Recipes
import Runs
import Tensors
import Terminal

/// The lines that a run prints for people.
struct RunLog {
    let console: Console
    let lossPrecision: Recipe.LossPrecision

    private static let labelWidth = 9

    /// Prints the facts of the run and the names of the columns, before the first step.
    ///
    /// - Parameter notes: further notes for people.
    func header(_ setup: Setup, recipe: Recipe, ranks: Int, sizes: RunSizes, folder: RunFolder, notes: [String]) {
        let summary = setup.summary
        let size = "\(setup.imageSize)x\(setup.imageSize)x\(setup.dataset.channels)"
        fact(
            "model",
            "\(setup.model.name), \(Wording.grouped(summary.parameters)) parameters, "
                + "\(Wording.scaled(Double(summary.multiplyAdds))) multiply-adds an image")
        fact(
            "data",
            "\(recipe.data), \(Wording.grouped(sizes.trainingSamples)) to train and "
                + "\(Wording.grouped(sizes.testSamples)) to test, "
                + "\(Wording.count(setup.network.classes, "class", plural: "classes")), \(size)")
        let world = ranks == setup.threads.localRanks ? "" : "\(ranks) ranks, here "
        fact("machine", "\(world)\(setup.threads), \(setup.backend.rawValue)")
        fact("batch", "\(Wording.grouped(recipe.globalBatchSize)) over all ranks" + exactness(recipe, ranks: ranks))
        var length = Wording.count(sizes.totalSteps, "step")
        if case .time(let seconds) = recipe.duration, sizes.totalSteps == RunSizes.mostSteps {
            length = "as many steps as fit into \(Wording.duration(seconds: seconds))"
        }
        fact(
            "run",
            "\(length), \(Wording.grouped(sizes.stepsPerEpoch)) an epoch, \(optimizer(recipe))"
        )
        fact("output", folder.path)
        if setup.threads.isOversubscribed {
            fact("note", "more threads than cores: expect less than the machine can do")
        }
        for note in notes { fact("note", note) }
        console.say()
        console.say(row("epoch", "step", "loss", "accuracy", "lr", "img/s", "left", ranks > 1 ? "slowest" : ""))
    }

    /// Returns the note on a number of ranks that gives other bits; empty where the bits are the same.
    private func exactness(_ recipe: Recipe, ranks: Int) -> String {
        guard !Sharding(shards: recipe.virtualShards, ranks: ranks).isExact else { return "" }
        return
            "; \(ranks) ranks are no power of two up to \(recipe.virtualShards), the virtual shards: equal to other "
            + "numbers of ranks up to rounding only"
    }

    private func optimizer(_ recipe: Recipe) -> String {
        var words = ["\(recipe.optimizer.shownName), learning rate \(recipe.learningRate)"]
        if let batch = recipe.learningRateBatch, let written = recipe.writtenLearningRate {
            words[0] += " (\(written) x \(recipe.globalBatchSize) / \(batch) images)"
        }
        words[0] += " " + recipe.schedule.shape.words
        switch recipe.schedule.warmup {
        case .epochs(0), .steps(0): break
        case .epochs(let epochs): words.append("warm-up \(epochs) epochs")
        case .steps(let steps): words.append("warm-up \(Wording.count(steps, "step"))")
        }
        switch recipe.optimizer {
        case .adam, .adamw, .lamb: words.append("betas \(recipe.betas[0]) and \(recipe.betas[1])")
        case .sgd, .rmsprop, .lars, .muon:
            words.append((recipe.nesterov ? "Nesterov momentum " : "momentum ") + "\(recipe.momentum)")
        }
        words.append("weight decay \(recipe.weightDecay)")
        if let norm = recipe.clipNorm { words.append("gradients clipped to norm \(norm)") }
        if let value = recipe.clipValue { words.append("gradients clipped to \(value)") }
        return words.joined(separator: ", ")
    }

    private func fact(_ label: String, _ text: String) {
        console.say("  " + label.column(Self.labelWidth, isLeading: true) + text.visible)
    }

    /// Prints a line of training.
    ///
    /// - Parameter endsEpoch: whether it is the epoch's last line, which is printed even where a bar replaces the
    ///   others.
    func training(_ record: MetricsRecord, secondsLeft: Double, endsEpoch: Bool) {
        guard endsEpoch || console.saysIntervals else { return }
        console.say(
            row(
                "\(record.epoch)", "\(record.step)", loss(record.loss), percent(record.accuracy),
                Wording.significant(Double(record.learningRate ?? 0)), Wording.significant(record.imagesPerSecond),
                Wording.duration(seconds: secondsLeft),
                record.pace.map { "\(Wording.fixed($0.ratio, 2)) rank \($0.slowest)" } ?? ""))
    }

    /// Prints a note on a rank that falls behind: the others wait for it in every step.
    func straggler(rank: Int, ranks: Int, ratio: Double) {
        fact(
            "note",
            "rank \(rank)/\(ranks) stays behind: its steps take \(Wording.fixed(ratio, 2)) times as long as the median "
                + "rank's. See what else its machine does")
    }

    /// Prints a note on data that are slower than the network.
    func waitsForImages(share: Double) {
        note(
            "steps wait for images \(percent(share)) of the time: smaller pictures, "
                + "or more --threads where cores are idle, are read faster")
    }

    func evaluation(_ record: MetricsRecord) {
        console.say(
            row(
                "\(record.epoch)", Self.name(of: record.kind), loss(record.loss), percent(record.accuracy), "",
                Wording.significant(record.imagesPerSecond), ""))
    }

    /// Returns the word in an evaluation's row that takes the place of the step.
    private static func name(of kind: MetricsRecord.Kind) -> String {
        switch kind {
        case .averagedEvaluation: "averaged"
        case .augmentedEvaluation: "views"
        default: "test"
        }
    }

    /// Prints a note while a run goes on.
    func note(_ text: String) { console.say("      - " + text.visible) }

    /// Prints a warning that asks for action, though the run goes on; to standard error, like all complaints.
    func warning(_ text: String) { console.warn(text) }

    /// Prints a note on a committed checkpoint: its size, the seconds that writing and verifying took, and the seconds
    /// for which training waited.
    func saved(step: Int, _ commit: CheckpointDirectory.Commit, seconds: Double, copySeconds: Double) {
        let cost =
            "\(Wording.scaled(Double(commit.bytes)))B in \(Wording.fixed(seconds, 1)) s, training waited "
            + "\(Wording.fixed(copySeconds, 3)) s"
        note("checkpoint after step \(Wording.grouped(step)) is safe (\(cost)): \(commit.path)")
    }

    /// Prints the results at the end of the run, and where they are.
    func end(_ outcome: TrainingOutcome, _ ending: RunEnding) {
        console.say()
        console.say(
            "Test accuracy \(percent(outcome.evaluation.accuracy)) (loss \(loss(outcome.evaluation.loss)), "
                + "\(Wording.grouped(outcome.evaluation.samples)) samples) after "
                + "\(Wording.count(outcome.step, "step")) in \(Wording.duration(seconds: outcome.seconds)).")
        if let augmented = outcome.augmented {
            console.say(
                "With several views of each image: \(percent(augmented.accuracy)) (loss \(loss(augmented.loss))).")
        }
        for (label, text) in ending.facts { fact(label, text) }
        console.say("Results are in \(outcome.folder.path): \(outcome.folder.results.joined(separator: ", ")).")
    }

    private func loss(_ loss: Double) -> String {
        switch lossPrecision {
        case .rounded: Wording.fixed(loss, 4)
        case .full: "\(loss)"
        }
    }

    private func percent(_ share: Double) -> String { Wording.fixed(share * 100, 2) + "%" }

    private func row(
        _ epoch: String, _ step: String, _ loss: String, _ accuracy: String, _ rate: String, _ speed: String,
        _ left: String, _ pace: String = ""
    ) -> String {
        [
            epoch.column(5), step.column(8), loss.column(lossPrecision == .full ? 20 : 9), accuracy.column(9),
            rate.column(10), speed.column(8),
            left.column(7), "  " + pace,
        ].joined(separator: " ").trimmingTrailingSpaces
    }
}

extension String {
    fileprivate var trimmingTrailingSpaces: String {
        String(self[..<(lastIndex { $0 != " " }.map { index(after: $0) } ?? startIndex)])
    }
}

extension Recipe.Schedule.Shape {
    /// The shape of the schedule in words that follow "learning rate 0.1".
    fileprivate var words: String {
        func end(_ final: Double) -> String { final > 0 ? " to \(final)" : "" }
        return switch self {
        case .constant: "constant"
        case .step(let every, let factor), .exponential(let every, let factor): "times \(factor) every \(every)"
        case .multistep(let milestones, let factor):
            "times \(factor) at " + milestones.map(\.description).joined(separator: ", ")
        case .polynomial(power: 1, let final): "falling in a line" + end(final)
        case .polynomial(let power, let final): "falling by the power \(power)" + end(final)
        case .cosine(let final): "falling as a cosine" + end(final)
        case .restarts(let every, let growth, let final):
            "falling as a cosine\(end(final)), anew after \(every)"
                + (growth > 1 ? ", each \(growth) times as long" : "")
        case .oneCycle: "rising and falling in one cycle"
        }
    }
}

extension Recipe.Optimizer {
    /// The name as its paper spells it.
    fileprivate var shownName: String {
        switch self {
        case .sgd: "SGD"
        case .adam: "Adam"
        case .adamw: "AdamW"
        case .rmsprop: "RMSprop"
        case .lars: "LARS"
        case .lamb: "LAMB"
        case .muon: "Muon"
        }
    }
}
