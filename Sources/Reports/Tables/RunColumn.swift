/// A column of a table of runs, and a term of queries: one of the summary's numbers and words, or a recipe's key.
package struct RunColumn: Sendable {
    /// The entry of a run in a column.
    package enum Value: Hashable, Sendable {
        case number(Double, share: Bool)
        case word(String)
        case none
    }

    package let name: String
    private let get: @Sendable (RunSummary) -> Value

    package func value(of run: RunSummary) -> Value { get(run) }

    /// Returns the entry of a run as a table shows it.
    package func text(of run: RunSummary) -> String {
        switch get(run) {
        case .number(let number, let isShare):
            if name == "seconds" { return NumberText.duration(number) }
            return isShare ? NumberText.shown(number, .share) : NumberText.shown(number)
        case .word(let word): return word
        case .none: return NumberText.none
        }
    }

    /// The columns that every table of runs may have; recipes' keys come beside them.
    package static let all: [RunColumn] = [
        word("name") { $0.name }, word("path") { $0.path }, word("model") { $0.model }, word("data") { $0.data },
        word("state") { $0.state }, number("epochs") { Double($0.epochs) }, number("steps") { Double($0.steps) },
        number("accuracy", share: true) { $0.accuracy }, number("best_accuracy", share: true) { $0.bestAccuracy },
        number("best_epoch") { $0.bestEpoch.map(Double.init) }, number("loss") { $0.loss },
        number("training_loss") { $0.trainingLoss }, number("images_per_second") { $0.imagesPerSecond },
        number("seconds") { $0.seconds }, number("calibration_error", share: true) { $0.calibrationError },
        word("parameters_sha256") { $0.parametersSHA256 },
    ]

    /// The columns that `runs list` shows.
    package static let usual: [RunColumn] = [
        "name", "model", "data", "epochs", "accuracy", "best_accuracy", "loss", "seconds", "state",
    ].compactMap { name in all.first { $0.name == name } }

    /// Returns the column of a name.
    ///
    /// - Parameter keys: the keys of recipes.
    /// - Throws: `ReportError.unknownColumn`
    package static func named(_ name: String, keys: Set<String>) throws(ReportError) -> RunColumn {
        if let column = all.first(where: { $0.name == name }) { return column }
        guard keys.contains(name) else { throw .unknownColumn(found: name, known: all.map(\.name)) }
        return RunColumn(name: name) { run in
            guard let text = run.recipe[name] else { return .none }
            return Double(text).map { .number($0, share: false) } ?? .word(text)
        }
    }

    private static func number(
        _ name: String, share: Bool = false, _ get: @escaping @Sendable (RunSummary) -> Double?
    ) -> RunColumn {
        RunColumn(name: name) { get($0).map { .number($0, share: share) } ?? .none }
    }

    private static func word(_ name: String, _ get: @escaping @Sendable (RunSummary) -> String?) -> RunColumn {
        RunColumn(name: name) { get($0).map { .word($0) } ?? .none }
    }
}
