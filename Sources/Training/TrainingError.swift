package import Recipes
import Terminal

/// The reason why a run cannot start or continue.
package enum TrainingError: Error, Equatable, Sendable {
    case tooFewClasses(found: Int, needed: Int, data: String)
    case emptySplit(data: String, split: String)
    /// A loss or gradient that is not finite: `what` names it, with the loss's value; `rank` is the first whose own
    /// part of the step was not finite.
    case notFinite(step: Int, what: String, rank: Int, ranks: Int, remedy: NonFiniteRemedy)
    /// A split's loss that is not finite; `tensor` is the first tensor of the network that is not finite itself.
    case evaluationNotFinite(loss: Double, samples: Int, tensor: String?, remedy: NonFiniteRemedy)
    /// A file with numbers that are infinite or NaN, first in `tensor`; `found` is the first of them.
    case weightsNotFinite(path: String, tensor: String, found: Float, count: Int, of: Int)
    case outputTaken(path: String)
    /// None of the checkpoints could be written, or the last could not.
    case nothingSaved(path: String, reason: String)
    /// Resuming from `file` would leave checkpoints of later steps in the folder, which do not belong to the resumed
    /// run.
    case laterCheckpoints(path: String, file: String, step: Int, newest: Int)
    case nothingToResume(path: String)
    /// The run to resume was started with other values than are asked for now.
    case differentRecipe(differences: [RecipeDifference])
    /// The run was started with other data, both described by `DatasetFingerprint`.
    case otherData(data: String, checkpoint: String, found: String)
    /// Data of which the same number of steps takes another number of samples than the checkpoint has.
    case differentData(data: String, step: Int, checkpoint: Int, found: Int)
    /// A checkpoint whose tensors do not fit; `misfits` are lines with the reasons.
    case unfitCheckpoint(misfits: [String])
    /// A checkpoint with the state of another optimizer.
    case otherOptimizer(path: String, found: [String], needed: [String])
    case otherChannels(data: String, found: Int, expected: Int)
    /// Data with `found` classes for a network with `classes` classes without names.
    case otherClassCount(path: String, classes: Int, data: String, found: Int)
    /// A model option for another number of channels than the data have.
    case channelsOption(found: Int, data: String, expected: Int)
    /// A file's weights that do not fit; `misfits` are lines with the reasons.
    case unfitWeights(path: String, model: String, misfits: [String])
    /// A file's weights of which none fit.
    case foreignWeights(path: String, model: String, misfits: [String])
    /// A file's weights that give less than half of the trainable numbers.
    case fewWeights(path: String, model: String, taken: Int, of: Int, misfits: [String])
    /// Weights that were not trained by this program, so that no dataset is known for them.
    case dataNeeded(path: String)
    /// A prefix that no parameter's name begins with.
    case unusedPrefix(option: String, prefix: String, nearest: String?, names: [String])
    /// A state with infinite or NaN numbers in this tensor.
    case stateNotFinite(tensor: String)
    /// A range test in which the loss fell at no learning rate; its curve is in a file.
    case noLearningRate(curve: String)
    /// A number of class weights other than the number of classes.
    case classWeights(found: Int, classes: Int)
    /// Training images of `size` pixels a side, which a network for images of `full` does not support.
    case trainingSize(model: String, size: Int, full: Int, reason: String)
    /// Unnormalised pixels, asked for of images that are generated as floats.
    case drawnPixels(data: String)
    /// Weights for classes that the data do not have.
    case unknownWeighedClasses(found: [String], classes: [String])
}

extension TrainingError: ErrorOfSeveralLines {
    package var description: String {
        switch self {
        // These have several lines, whose texts are visible already.
        case .unfitCheckpoint, .unfitWeights, .foreignWeights, .fewWeights: text
        default: text.visible
        }
    }

    private var text: String {
        switch self {
        case .tooFewClasses(let found, let needed, let data):
            "--classes is \(found), but \(data) has \(needed): leave --classes out or give at least \(needed)"
        case .emptySplit(let data, "test"):
            "\(data) has no samples to test with. Put pictures into a folder val beside train, or add some: of each "
                + "class one is learned from, and of all others --validation-fraction are tested on"
        case .emptySplit(let data, let split):
            "\(data) has no samples in its \(split) split: there is nothing to work on"
        case .notFinite(let step, let what, let rank, let ranks, let remedy):
            "\(what) at step \(step)\(ranks > 1 ? ", first on rank \(rank)/\(ranks)" : "")\(remedy)"
        case .evaluationNotFinite(let loss, let samples, let tensor, let remedy):
            "the loss over \(Wording.count(samples, "sample")) of the evaluation is \(loss.isNaN ? "nan" : "\(loss)"), "
                + "so that there is no accuracy: "
                + (tensor.map { "\($0) has become infinite or not a number" }
                    ?? "the network's weights are finite, but overflow what is computed with them") + "\(remedy)"
        case .weightsNotFinite(let path, let tensor, let found, let count, let all):
            "\(path): \(Wording.grouped(count)) of the \(Wording.count(all, "number")) of \(tensor) "
                + "\(count == 1 ? "is" : "are") infinite or not a number (the first is \(found)), and so is whatever "
                + "is computed with them. It may be of a run that has diverged, or damaged: take an earlier "
                + "checkpoint, or the file from where it came"
        case .noLearningRate(let curve):
            "--lr auto has found no learning rate at which the loss falls: \(curve) has what it was at each. "
                + "Say --lr, or see whether labels and images are what they should be"
        case .classWeights(let found, let classes):
            "--class-weights has \(Wording.count(found, "weight")), but the network has "
                + "\(Wording.count(classes, "class", plural: "classes")): "
                + "give one for each, or some by name such as cat=2"
        case .trainingSize(let model, let size, let full, let reason):
            "\(model) for images of \(full)x\(full) cannot be trained on images of \(size)x\(size) first: \(reason). "
                + "Leave --train-size \(size) out, or take another size, or a network that averages its last map, such "
                + "as resnet18"
        case .drawnPixels(let data):
            "--normalise is none, but the images of \(data) are drawn as numbers with a mean near 0: leave it out, or "
                + "give --data pictures"
        case .unknownWeighedClasses(let found, let classes):
            "--class-weights weighs \(Wording.few(found)), but the data have no such class: "
                + "they have \(Wording.few(classes))"
        case .outputTaken(let path):
            "\(path) already holds a run: say --resume to continue it, or another --output"
        case .nothingSaved(let path, let reason):
            "the run's last state could not be saved in \(path): \(reason). Make room or mend what is wrong, and say "
                + "--resume: it goes on from the newest checkpoint there, or anew where there is none"
        case .laterCheckpoints(let path, let file, let step, let newest):
            "\(file) is of step \(step), but \(path) has checkpoints up to step \(newest), which --resume would take "
                + "for the run's newest: give --output another folder to branch off there, or remove them"
        case .nothingToResume(let path):
            "there is nothing to resume in \(path): no checkpoint is there. Leave --resume out to start a run, or name "
                + "the folder of an earlier one with --output"
        case .differentRecipe(let differences):
            Self.describe(differences)
        case .otherData(let data, let checkpoint, let found):
            "\(data) is not the data that the run to resume began with: it had \(checkpoint), here is \(found). Give "
                + "it the data that it had, or start anew with another --output"
        case .differentData(let data, let step, let checkpoint, let found):
            "\(data) is not the data that the run to resume began with: its step \(step) came after \(checkpoint) "
                + "samples, here it comes after \(found). Give it the data that it had, "
                + "or start anew with another --output"
        case .unfitCheckpoint(let misfits):
            Self.lines(
                "the checkpoint does not fit the model:", misfits,
                "Is it one of this model, of its classes, options and image size?")
        case .otherOptimizer(let path, let found, let needed):
            "\(path) has "
                + "\(found.isEmpty ? "nothing that an optimizer remembers" : "an optimizer's \(Wording.few(found))"), "
                + "but this run's optimizer needs \(Wording.few(needed)): "
                + "say the --optimizer that it was trained with, or --override optimizer, which begins "
                + "what is missing at zero"
        case .otherChannels(let data, let found, let expected):
            "the images of \(data) have \(Wording.count(found, "channel")), but the network was trained on "
                + "\(expected): give --data a dataset like the one it was trained on"
        case .otherClassCount(let path, let classes, let data, let found):
            "\(path) does not name its \(Wording.count(classes, "class", plural: "classes")), and \(data) has "
                + "\(Wording.grouped(found)): which label is which class is not known. Give --data all classes of the "
                + "network, or train it on \(data) with --init"
        case .channelsOption(let found, let data, let expected):
            "the model option input_channels is \(found), but the images of \(data) have "
                + "\(Wording.count(expected, "channel")): leave it out, or give --data other images"
        case .unfitWeights(let path, let model, let misfits):
            Self.lines(
                "\(path) does not fit \(model):", misfits,
                "Say --init-skip-mismatched to take over the rest, "
                    + "or give the model the classes and options that the file was made with")
        case .foreignWeights(let path, let model, let misfits):
            Self.lines(
                "not one tensor of \(path) fits \(model):", misfits,
                "Names and shapes are those of torchvision's state_dict; "
                    + "`cnn-train summary --model \(model)` shows its layers"
            )
        case .fewWeights(let path, let model, let taken, let all, let misfits):
            Self.lines(
                "only \(Wording.grouped(taken)) of \(Wording.grouped(all)) parameters of \(model) come from \(path):",
                misfits,
                "Is it the right file? Say --init-force where so little is meant")
        case .dataNeeded(let path):
            "\(path) was not trained here and names no dataset: say with --data what it is to be measured on"
        case .unusedPrefix(let option, let prefix, let nearest, let names):
            "\(option) \(prefix): no parameter's name begins so"
                + (nearest.map { "; did you mean \($0)?" } ?? "; they are \(Wording.few(names))")
        case .stateNotFinite(let tensor):
            "\(tensor) has become infinite or not a number, and such a state is not kept"
        }
    }

    /// Returns a sentence of `start`, `misfits` and `remedy`. Several misfits are on lines of their own.
    private static func lines(_ start: String, _ misfits: [String], _ remedy: String) -> String {
        let start = start.visible
        return misfits.count == 1
            ? "\(start) \(misfits[0]). \(remedy)" : ([start] + misfits + [remedy]).joined(separator: "\n")
    }

    /// Returns the differences between two recipes, and the advice for them.
    private static func describe(_ differences: [RecipeDifference]) -> String {
        let list = differences.map { difference in
            "\(difference.key): \(difference.before ?? "none") (now \(difference.now ?? "none"))"
        }.joined(separator: ", ")
        let overridable = differences.filter { $0.whenResumed == .changesOnRequest }
        let words = overridable.map { "--override \($0.key)" }.joined(separator: " ")
        let remedy = overridable.count == differences.count ? "say \(words)" : "start anew with another --output"
        return "the run to resume was made with \(list): leave \(differences.count == 1 ? "it" : "them") as "
            + "\(differences.count == 1 ? "it was" : "they were"), or \(remedy)"
    }
}

/// The advice for a loss or gradient that is not finite: the end of a sentence.
package enum NonFiniteRemedy: Equatable, Sendable {
    /// The advice at the run's first step.
    case noStepBefore
    /// The advice at the first step after the checkpoint of a step.
    case resumed(from: Int)
    /// A smaller learning rate; `kept` is the step of the newest checkpoint, where there is one.
    case smallerRate(Float, kept: Int?)
    /// The advice where batch norms see too few values of a channel; `ways` says how to give them more.
    case moreNormValues(values: Int, ways: String)
    case skippedInVain
    case nothingToRewindTo
    case rewoundInVain
    /// Evaluating another checkpoint.
    case otherCheckpoint
}

extension NonFiniteRemedy: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noStepBefore:
            ", before any step was taken, so that no learning rate is to blame. Look at the images, and at what the "
                + "weights begin with: --init-scheme, --init, --model-option"
        case .resumed(let step):
            ", the first after the checkpoint of step \(step), so that a smaller --lr from there on comes too late: "
                + "--resume from an earlier one, with a smaller --lr, or look at the images"
        case .smallerRate(let rate, let kept):
            ", with learning rate \(rate): training has diverged. Try a smaller --lr or a warm-up (--warmup-epochs 1); "
                + (kept.map { "the checkpoint of step \($0) is still good" } ?? "there is no checkpoint yet")
        case .moreNormValues(let values, let ways):
            ". Batch norm sees only \(Wording.count(values, "value")) of a channel. \(ways)"
        case .skippedInVain:
            ": training has diverged. It was so for many steps in a row, so that --on-nan skip does not help: "
                + "try a smaller --lr, and --resume"
        case .nothingToRewindTo:
            ". There is no checkpoint to go back to: try a smaller --lr, or --checkpoint-every with a shorter interval"
        case .rewoundInVain:
            ": training has diverged. Going back to the same checkpoint again and again does not help: "
                + "try a smaller --lr, and --resume"
        case .otherCheckpoint:
            ". Take an earlier checkpoint, or train with a smaller --lr"
        }
    }
}
