/// Why a run cannot start or go on.
package enum TrainingError: Error, Equatable, Sendable {
    case batchSmallerThanRanks(batchSize: Int, ranks: Int)
    case tooFewClasses(found: Int, needed: Int, data: String)
    case emptySplit(data: String, split: String)
    case lossIsNotFinite(step: Int, loss: Double, learningRate: Float)
    case outputTaken(path: String)
    case nothingToResume(path: String)
    /// What the run in the folder was made with, and what was asked for now.
    case differentRun(what: String, checkpoint: String, recipe: String)
    /// The same steps over the data as it is now are another number of samples.
    case differentData(data: String, step: Int, checkpoint: Int, found: Int)
    /// A checkpoint's tensors do not fit; `misfits` says of each why.
    case unfitCheckpoint(misfits: [String])
    case otherChannels(data: String, found: Int, expected: Int)
    /// The model is told to expect other images than the data has.
    case channelsOption(found: Int, data: String, expected: Int)
    case differentOption(key: String, checkpoint: String?, recipe: String?)
    /// Weights of a file that do not fit; `misfits` says of each tensor why.
    case unfitWeights(path: String, model: String, misfits: [String])
    /// Not one tensor fits.
    case foreignWeights(path: String, model: String, misfits: [String])
    /// No parameter's name begins so.
    case unusedPrefix(option: String, prefix: String, nearest: String?, names: [String])
    case cannotWrite(path: String, reason: String)
}

extension TrainingError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .batchSmallerThanRanks(let batchSize, let ranks):
            "the batch of \(batchSize) is smaller than the number of ranks, \(ranks): --batch-size counts the samples of "
                + "all ranks together; give at least \(ranks), or start fewer ranks"
        case .tooFewClasses(let found, let needed, let data):
            "--classes is \(found), but \(data) has \(needed): leave --classes out or give at least \(needed)"
        case .emptySplit(let data, let split):
            "\(data) has no samples in its \(split) split: there is nothing to work on"
        case .lossIsNotFinite(let step, let loss, let learningRate):
            "the loss became \(loss) at step \(step), with learning rate \(learningRate): training has diverged. Try a "
                + "smaller --lr or a warm-up (--warmup-epochs 1); the last checkpoint is still good"
        case .outputTaken(let path):
            "\(path) already holds a run: say --resume to continue it, or another --output"
        case .nothingToResume(let path):
            "there is nothing to resume in \(path): no checkpoint is there. Leave --resume out to start a run, or name "
                + "the folder of an earlier one with --output"
        case .differentRun(let what, let checkpoint, let recipe):
            "the run to resume has \(what) \(checkpoint), but now \(recipe) is asked for: a resumed run keeps its "
                + "\(what). Say --\(what.replacing("_", with: "-")) \(checkpoint), or start anew with another --output"
        case .differentData(let data, let step, let checkpoint, let found):
            "\(data) is not the data that the run to resume began with: its step \(step) came after \(checkpoint) samples, "
                + "here it comes after \(found). Give it the data that it had, or start anew with another --output"
        case .unfitCheckpoint(let misfits):
            "the checkpoint does not fit the model: \(Self.few(misfits)). Is it one of this model, of its classes, "
                + "options and image size?"
        case .otherChannels(let data, let found, let expected):
            "the images of \(data) have \(Wording.count(found, "channel")), but the network was trained on "
                + "\(expected): give --data a dataset like the one it was trained on"
        case .channelsOption(let found, let data, let expected):
            "the model option input_channels is \(found), but the images of \(data) have "
                + "\(Wording.count(expected, "channel")): leave it out, or give --data other images"
        case .differentOption(let key, let checkpoint, let recipe):
            "the run to resume has \(checkpoint.map { "\(key)=\($0)" } ?? "no \(key)") of the model options, but now "
                + "\(recipe.map { "\(key)=\($0)" } ?? "none") is asked for: a resumed run keeps its network. "
                + "\(checkpoint.map { "Say --model-option \(key)=\($0)" } ?? "Leave it out"), or start anew with "
                + "another --output"
        case .unfitWeights(let path, let model, let misfits):
            "\(path) does not fit \(model): \(Self.few(misfits)). Say --init-skip-mismatched to take over the rest, or "
                + "give the model the classes and options that the file was made with"
        case .foreignWeights(let path, let model, let misfits):
            "not one tensor of \(path) fits \(model): \(Self.few(misfits)). Names and shapes are those of torchvision's "
                + "state_dict; `cnn-train summary --model \(model)` shows its layers"
        case .unusedPrefix(let option, let prefix, let nearest, let names):
            "\(option) \(prefix): no parameter's name begins so"
                + (nearest.map { "; did you mean \($0)?" } ?? "; they are \(Self.few(names))")
        case .cannotWrite(let path, let reason):
            "cannot write \(path): \(reason)"
        }
    }

    /// A list that is still read.
    private static func few(_ words: [String]) -> String {
        let most = 8
        let rest = words.count > most ? " and \(words.count - most) more" : ""
        return words.prefix(most).joined(separator: ", ") + rest
    }
}
