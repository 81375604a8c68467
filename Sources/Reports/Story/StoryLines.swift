/// Lines of `metrics.jsonl` that are not a report of training, as they are decoded.
enum StoryLines {
    /// Any line: what they all have.
    struct Head: Decodable {
        var kind: String
        var step: Int
    }

    /// Kind `evaluation`, `averaged_evaluation`, `augmented_evaluation` or `final`.
    struct Evaluation: Decodable {
        var epoch: Int
        var step: Int
        var samples: Int?
        /// JSON has no word for what is not finite: null.
        var loss: Double?
        var accuracy: Double?
        var images_per_second: Double?
        var seconds: Double?
        var parameters_sha256: String?
        var stopped_by: String?
    }

    /// Kind `norms`.
    struct Norms: Decodable {
        struct Group: Decodable {
            var name: String
            var weights: Double?
            var gradients: Double?
        }

        var epoch: Int
        var step: Int
        var groups: [Group]
    }

    /// Kind `time`: seconds of rank 0 so far.
    struct Time: Decodable {
        var step: Int
        var computing: Double?
        var communication: Double?
        var data: Double?
        var checkpoints: Double?
        var evaluation: Double?
        var other: Double?
        var peak_memory_bytes: Int?
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
