import Runs

/// The charts of one run, without those that have no numbers.
struct RunCharts: Sendable {
    /// Curves over steps.
    let curves: [LineChart]
    let time: TimeChart?
    let confusion: ConfusionChart?
    let calibration: CalibrationChart?

    init(_ history: RunHistory) {
        curves = [
            Self.loss(history), Self.accuracy(history), Self.learningRate(history), Self.speed(history),
            Self.norms(history, id: "gradient-norms", title: "Gradient norms by layer group", \.gradients),
            Self.norms(history, id: "weight-norms", title: "Weight norms by layer group", \.weights),
        ].filter { !$0.isEmpty }
        time = history.time.flatMap { TimeChart($0.split) }
        confusion = history.detail.flatMap { ConfusionChart(ConfusionMatrix($0)) }
        calibration = history.detail.flatMap { CalibrationChart($0) }
    }

    /// The charts in the order of a page.
    var all: [any Chart] {
        curves + ([time, confusion, calibration] as [(any Chart)?]).compactMap(\.self)
    }

    private static func loss(_ history: RunHistory) -> LineChart {
        LineChart(
            id: "loss", title: "Loss",
            [
                trained(history, history.training.loss), measured(history.evaluations, "test", ink: 1, \.loss),
                measured(history.averagedEvaluations, "test, averaged weights", ink: 2, \.loss),
            ], mayBeLogarithmic: true)
    }

    private static func accuracy(_ history: RunHistory) -> LineChart {
        LineChart(
            id: "accuracy", title: "Accuracy",
            [
                trained(history, history.training.accuracy), measured(history.evaluations, "test", ink: 1, \.accuracy),
                measured(history.averagedEvaluations, "test, averaged weights", ink: 2, \.accuracy),
            ], kind: .share)
    }

    private static func learningRate(_ history: RunHistory) -> LineChart {
        LineChart(
            id: "learning-rate", title: "Learning rate",
            [curve("learning rate", history.training.steps, history.training.learningRate, ink: 0)])
    }

    private static func speed(_ history: RunHistory) -> LineChart {
        LineChart(
            id: "throughput", title: "Images per second",
            [curve("images per second", history.training.steps, history.training.imagesPerSecond, ink: 0)])
    }

    /// Returns the lengths of as many groups as have colours, spread evenly over the network.
    private static func norms(
        _ history: RunHistory, id: String, title: String, _ length: (NormsLine.Group) -> Double
    ) -> LineChart {
        let names = history.norms.last?.groups.map(\.name) ?? []
        let most = Ink.seriesCount
        let shown = names.count <= most ? names : (0..<most).map { names[$0 * (names.count - 1) / (most - 1)] }
        let lengths = history.norms.map { line in
            Dictionary(line.groups.map { ($0.name, length($0)) }, uniquingKeysWith: { first, _ in first })
        }
        let curves = shown.enumerated().map { ink, name in
            curve(name, history.norms.map(\.step), lengths.map { $0[name] ?? .nan }, ink: ink, hasDots: true)
        }
        let isPart = shown.count < names.count
        return LineChart(
            id: id, title: isPart ? "\(title) (\(most) of \(names.count))" : title,
            curves.filter { $0.y.contains(where: \.isFinite) }, mayBeLogarithmic: true)
    }

    private static func trained(_ history: RunHistory, _ numbers: [Double]) -> LineChart.Curve {
        var curve = curve("training", history.training.steps, numbers, ink: 0)
        curve.isFaint = true
        return curve
    }

    private static func measured(
        _ evaluations: [RunHistory.Evaluation], _ name: String, ink: Int, _ number: (RunHistory.Evaluation) -> Double
    ) -> LineChart.Curve {
        curve(name, evaluations.map(\.step), evaluations.map(number), ink: ink, hasDots: true)
    }

    private static func curve(
        _ name: String, _ steps: [Int], _ numbers: [Double], ink: Int, hasDots: Bool = false
    ) -> LineChart.Curve {
        LineChart.Curve(name: name, x: steps.map(Double.init), y: numbers, ink: ink, hasDots: hasDots)
    }
}
