import Runs

/// The entry of a run in a list of runs: the few numbers that people choose runs by.
package struct RunSummary: Encodable, Sendable {
    package let path: String
    package let name: String
    package let model: String?
    package let data: String?
    package let state: String
    package let epochs: Int
    package let steps: Int
    package let accuracy: Double?
    package let bestAccuracy: Double?
    package let bestEpoch: Int?
    package let loss: Double?
    package let trainingLoss: Double?
    package let imagesPerSecond: Double?
    package let seconds: Double?
    package let calibrationError: Double?
    package let parametersSHA256: String?
    /// The recipe's keys with their values in YAML.
    package let recipe: [String: String]

    package init(_ history: RunHistory) {
        path = history.folder.path
        name = history.name
        model = history.setting("model")
        data = history.setting("data")
        state = history.state.rawValue
        epochs = history.epochs
        steps = history.steps
        accuracy = history.last?.accuracy.finite
        bestAccuracy = history.best?.accuracy.finite
        bestEpoch = history.best?.epoch
        loss = history.last?.loss.finite
        trainingLoss = history.training.loss.last?.finite
        imagesPerSecond = history.imagesPerSecond
        seconds = history.seconds
        calibrationError = history.detail?.calibrationError
        parametersSHA256 = history.parametersSHA256
        recipe = Dictionary(history.recipe.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    private enum CodingKeys: String, CodingKey {
        case path, name, model, data, state, epochs, steps, accuracy, loss, seconds, recipe
        case bestAccuracy = "best_accuracy"
        case bestEpoch = "best_epoch"
        case trainingLoss = "training_loss"
        case imagesPerSecond = "images_per_second"
        case calibrationError = "calibration_error"
        case parametersSHA256 = "parameters_sha256"
    }
}

extension Double {
    /// The number; nil where it is not finite, which JSON cannot express.
    fileprivate var finite: Double? { isFinite ? self : nil }
}
