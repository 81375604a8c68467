import Runs

/// Curves of several runs, one over the other.
struct ComparisonCharts: Sendable {
    let curves: [LineChart]

    /// Runs that one chart shows: as many as there are colours.
    static let most = Ink.seriesCount

    init(_ histories: [RunHistory]) {
        let names = RunComparison(histories).names
        let runs = Array(zip(names, histories).prefix(Self.most))
        func chart(
            _ id: String, _ title: String, _ kind: NumberText.Kind = .plain, mayBeLogarithmic: Bool = false,
            isFaint: Bool = false, _ numbers: (RunHistory) -> (x: [Int], y: [Double])
        ) -> LineChart {
            let curves = runs.enumerated().map { ink, run in
                let (x, y) = numbers(run.1)
                return LineChart.Curve(
                    name: run.0, x: x.map(Double.init), y: y, ink: ink, hasDots: !isFaint, isFaint: isFaint)
            }
            return LineChart(id: id, title: title, curves, kind: kind, mayBeLogarithmic: mayBeLogarithmic)
        }
        curves = [
            chart("accuracy", "Test accuracy", .share) { ($0.evaluations.map(\.step), $0.evaluations.map(\.accuracy)) },
            chart("loss", "Test loss", mayBeLogarithmic: true) {
                ($0.evaluations.map(\.step), $0.evaluations.map(\.loss))
            },
            chart("training-loss", "Training loss", mayBeLogarithmic: true, isFaint: true) {
                ($0.training.steps, $0.training.loss)
            },
            chart("learning-rate", "Learning rate", isFaint: true) { ($0.training.steps, $0.training.learningRate) },
            chart("throughput", "Images per second", isFaint: true) {
                ($0.training.steps, $0.training.imagesPerSecond)
            },
        ].filter { !$0.isEmpty }
    }

    var all: [any Chart] { curves }
}
