import Recipes
import Terminal

/// The reason why a run ends before its last step: the final record's `stopped_by`.
package enum StopReason: String, Sendable {
    /// Evaluations have not become better for too long.
    case patience
    /// The accuracy that was asked for is reached.
    case accuracy
    /// The time that was asked for has passed.
    case time
}

/// The rule by which evaluations end a run. A function of their accuracies alone, so that all ranks decide alike, and a
/// resumed run as the run would have.
struct StopRule {
    /// Evaluations in a row that may be no better than the best before them.
    private let patience: Int?
    /// The accuracy that is enough, in 0...1.
    private let enough: Double?
    private(set) var best: Double?
    private(set) var evaluationsSinceBest = 0

    init(_ recipe: Recipe) {
        patience = recipe.patience
        enough = recipe.stopAtAccuracy
    }

    /// Takes note of the accuracy of the next evaluation.
    mutating func add(_ accuracy: Double) {
        if best.map({ accuracy > $0 }) ?? true {
            best = accuracy
            evaluationsSinceBest = 0
        } else {
            evaluationsSinceBest += 1
        }
    }

    /// The reason why the run is to end now; nil where it is to go on.
    var reason: StopReason? {
        if let enough, let best, best >= enough { return .accuracy }
        if let patience, evaluationsSinceBest >= patience { return .patience }
        return nil
    }

    /// The words for it, for people.
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
