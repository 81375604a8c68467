import Recipes
import Terminal

/// The reason why a run ends before its last step: the final record's `stopped_by`.
package enum StopReason: String, Sendable {
    /// Evaluations have not improved for too long.
    case patience
    /// The accuracy that was asked for is reached.
    case accuracy
    /// The time that was asked for has passed.
    case time
}

/// The rule by which evaluations end a run. It depends on their accuracies alone, so that all ranks decide alike, and a
/// resumed run decides as the original would have.
struct StopRule {
    /// The number of successive evaluations that may fail to exceed the best before them.
    private let patience: Int?
    /// The accuracy that is enough, in 0...1.
    private let enough: Double?
    private(set) var best: Double?
    private(set) var evaluationsSinceBest = 0

    init(_ recipe: Recipe) {
        patience = recipe.patience
        enough = recipe.stopAtAccuracy
    }

    /// Adds the accuracy of the next evaluation.
    mutating func add(_ accuracy: Double) {
        if best.map({ accuracy > $0 }) ?? true {
            best = accuracy
            evaluationsSinceBest = 0
        } else {
            evaluationsSinceBest += 1
        }
    }

    /// The reason why the run is to end now; nil where it continues.
    var reason: StopReason? {
        if let enough, let best, best >= enough { return .accuracy }
        if let patience, evaluationsSinceBest >= patience { return .patience }
        return nil
    }

    /// Returns the reason in words for people.
    func words(_ reason: StopReason) -> String? {
        let best = Wording.fixed((best ?? 0) * 100, 2) + "%"
        return switch reason {
        case .accuracy: "the test accuracy that --stop-at-accuracy asks for is reached (\(best)): the run ends here"
        case .patience:
            "\(Wording.count(evaluationsSinceBest, "evaluation")) in a row were no better than the best (\(best)), "
                + "which is what --patience allows: the run ends here"
        case .time: nil
        }
    }
}
