/// One line of `metrics.jsonl`: the state of a run at one step.
package struct MetricsRecord: Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// The mean over the training steps since the record before.
        case train
        /// The whole test split.
        case evaluation
        /// The same of the averages over time.
        case averagedEvaluation = "averaged_evaluation"
        /// The whole test split at the end of the run, with several views of its images.
        case augmentedEvaluation = "augmented_evaluation"
        /// The end of the run: the last evaluation, and the digest of the trained parameters.
        case final
    }

    package var kind: Kind
    /// The epoch the step belongs to, from 1.
    package var epoch: Int
    /// Optimizer steps taken.
    package var step: Int
    /// Training samples seen since the start of the run; in an evaluation, test samples.
    package var samples: Int
    /// The mean loss of a sample.
    package var loss: Double
    /// The share of samples whose highest logit is their label's, in 0...1.
    package var accuracy: Double
    package var learningRate: Float?
    package var imagesPerSecond: Double
    /// Seconds of training since the run began, those of earlier parts of it counted in.
    package var seconds: Double?
    /// Seconds since the record before for which rank 0's steps waited for images; of training records only.
    package var waitedForImages: Double?
    /// The comparison of the ranks' times of work since the record before; nil for one rank.
    package var pace: PaceComparison?
    /// SHA-256 of all parameters and buffers in canonical order, in hexadecimal; only of the final record.
    package var parametersSHA256: String?
    /// The reason for which the run ended before its last step: `patience` or `accuracy`; or `time`, which it was
    /// fitted to. Only of the final record.
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

    /// Ranks whose times are told one by one: of very many the slowest has to do.
    private static let mostRanks = 64

    /// Rounded to thousandths, which say enough of a time; with spaces between them, so that the line stays flat.
    private static func text(of ratios: [Double]) -> String {
        ratios.map { "\(($0 * 1000).rounded() / 1000)" }.joined(separator: " ")
    }

    /// The record as a JSON object on one line, numbers in the fewest digits that read back as the same bits.
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
