/// Lines of `metrics.jsonl` that are decoded here alone. `NormsLine` and `TimeLine` are others.
enum HistoryLines {
    /// The fields that all lines have.
    struct Head: Decodable {
        var kind: String
        var step: Int
    }

    /// Kind `evaluation`, `averaged_evaluation`, `augmented_evaluation` or `final`.
    struct Evaluation: Decodable {
        var epoch: Int
        var step: Int
        var samples: Int?
        /// The loss; null in JSON, so nil here, where it was not finite.
        var loss: Double?
        var accuracy: Double?
        var images_per_second: Double?
        var seconds: Double?
        var parameters_sha256: String?
        var stopped_by: String?
    }

    /// Kind `skipped` or `rewound`.
    struct Measure: Decodable {
        var step: Int
        var back_to: Int?
        var rank: Int?
        var reason: String?
    }

    /// Kind `fitted`.
    struct Fitted: Decodable {
        var total_steps: Int
    }
}
