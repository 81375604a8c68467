/// One line of `metrics.jsonl`: the state of a run at one step.
package struct MetricsRecord: Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// Means over the training steps since the previous record.
        case train
        /// An evaluation on the whole test split.
        case evaluation
        /// An evaluation of the averages over time on the whole test split.
        case averagedEvaluation = "averaged_evaluation"
        /// An evaluation on the whole test split at the end of the run, with several views of each image.
        case augmentedEvaluation = "augmented_evaluation"
        /// The end of the run: the last evaluation, and the digest of the trained parameters.
        case final
    }

    package var kind: Kind
    /// The epoch of the step, from 1.
    package var epoch: Int
    /// The optimizer steps taken.
    package var step: Int
    /// The training samples seen since the start of the run; in an evaluation, its test samples.
    package var samples: Int
    /// The mean loss of a sample.
    package var loss: Double
    /// The share of samples whose highest logit is that of their label, in 0...1.
    package var accuracy: Double
    package var learningRate: Float?
    package var imagesPerSecond: Double
    /// The seconds of training since the run began, including earlier parts of the run.
    package var seconds: Double?
    /// The seconds since the previous record for which rank 0's steps waited for images; in training records only.
    package var waitedForImages: Double?
    /// The comparison of the ranks' work times since the previous record; nil for one rank.
    package var pace: PaceComparison?
    /// The SHA-256 of all parameters and buffers in canonical order, in hexadecimal; in the final record only.
    package var parametersSHA256: String?
    /// The reason why the run ended before its last step: `patience`, `accuracy`, or `time` where it was fitted to a
    /// time. In the final record only.
    package var stoppedBy: String?

    package init(
        _ kind: Kind, epoch: Int, step: Int, samples: Int, loss: Double, accuracy: Double, learningRate: Float? = nil,
        imagesPerSecond: Double, parametersSHA256: String? = nil
    ) {
        self.kind = kind
        self.epoch = epoch
        self.step = step
        self.samples = samples
        self.loss = loss
        self.accuracy = accuracy
        self.learningRate = learningRate
        self.imagesPerSecond = imagesPerSecond
        self.parametersSHA256 = parametersSHA256
    }

    /// The most ranks whose times are reported one by one; of more ranks, only the slowest is.
    private static let mostRanks = 64

    /// Returns ratios rounded to thousandths, separated by spaces, so that the line's object stays flat.
    private static func text(of ratios: [Double]) -> String {
        ratios.map { "\(($0 * 1000).rounded() / 1000)" }.joined(separator: " ")
    }

    /// The record as a JSON object on one line, with numbers in the fewest digits that read back as the same bits.
    package var json: String {
        var object = JSONLine()
        object.add("kind", kind.rawValue)
        object.add("epoch", epoch)
        object.add("step", step)
        object.add("samples", samples)
        object.add("loss", loss)
        object.add("accuracy", accuracy)
        if let learningRate { object.add("lr", learningRate) }
        object.add("images_per_second", imagesPerSecond)
        if let seconds { object.add("seconds", seconds) }
        if let waitedForImages { object.add("waited_for_images_seconds", waitedForImages) }
        if let pace {
            object.add("slowest_rank", pace.slowest)
            object.add("slowest_over_median", pace.ratio)
            if pace.ratios.count <= Self.mostRanks { object.add("rank_work", Self.text(of: pace.ratios)) }
        }
        if let parametersSHA256 { object.add("parameters_sha256", parametersSHA256) }
        if let stoppedBy { object.add("stopped_by", stoppedBy) }
        return object.text
    }
}
