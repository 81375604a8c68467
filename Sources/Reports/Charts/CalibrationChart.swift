import Runs
import Terminal

/// A calibration chart: for each of fifteen parts of 0...1, the accuracy of the samples with such a probability beside
/// the network's confidence (Guo et al., "On Calibration of Modern Neural Networks", 2017).
struct CalibrationChart: Chart {
    let id = "calibration"
    let title = "Calibration"
    private let bins: [EvaluationDetail.CalibrationBin]
    private let error: Double

    /// Makes the chart; nil where no bin has samples.
    init?(_ detail: EvaluationDetail) {
        guard detail.calibration.contains(where: { $0.samples > 0 }) else { return nil }
        bins = detail.calibration
        error = detail.calibrationError
    }

    private static let axis = Scale(of: [0.0, 1.0], isExact: true)
    private static let plot = Box(x: 48, y: 10, width: 360, height: 220)

    var size: (width: Double, height: Double) { (420, 270) }

    private func position(_ x: Double, _ y: Double) -> Position {
        Position(x: Self.plot.x + x * Self.plot.width, y: Self.plot.bottom - y * Self.plot.height)
    }

    func draw<Target: Canvas>(on canvas: inout Target) {
        drawAxes(on: &canvas)
        let width = Self.plot.width / Double(bins.count)
        for (index, bin) in bins.enumerated() where bin.samples > 0 && bin.accuracy.isFinite {
            let top = position(0, min(max(bin.accuracy, 0), 1)).y
            let box = Box(
                x: Self.plot.x + Double(index) * width + 1, y: top, width: width - 2, height: Self.plot.bottom - top)
            canvas.rectangle(
                box, fill: .series(0), opacity: 0.8,
                note:
                    "\(Wording.grouped(bin.samples)) samples: promised \(NumberText.shown(bin.confidence, .share)), "
                    + "right \(NumberText.shown(bin.accuracy, .share))")
        }
        canvas.line([[position(0, 0), position(1, 1)]], Pen(ink: .text, width: 1.5, isDashed: true), values: nil)
    }

    private func drawAxes<Target: Canvas>(on canvas: inout Target) {
        for tick in Self.axis.ticks {
            let (left, below) = (position(0, tick), position(tick, 0))
            canvas.line([left, Position(x: Self.plot.right, y: left.y)], Pen(ink: .grid))
            let text = NumberText.tick(tick, step: 0.2, .share)
            canvas.text(text, at: Position(x: left.x - 6, y: left.y + 4), TextStyle(anchor: .end))
            canvas.text(text, at: Position(x: below.x, y: below.y + 17), TextStyle(anchor: .middle))
        }
        canvas.line([position(0, 0), position(1, 0)], Pen(ink: .axis))
        canvas.text(
            "probability that the network gives its answer (bars: share that is right)",
            at: Position(x: Self.plot.middle.x, y: Self.plot.bottom + 33), TextStyle(size: 10.5, anchor: .middle))
    }

    var summary: String {
        "Calibration: the expected calibration error is \(NumberText.shown(error, .share)). Bars below the dashed line "
            + "are answers that the network is too sure of."
    }

    var table: ValueTable {
        ValueTable(
            head: ["samples", "promised", "right"],
            rows: bins.filter { $0.samples > 0 }.map {
                [
                    Wording.grouped($0.samples), NumberText.shown($0.confidence, .share),
                    NumberText.shown($0.accuracy, .share),
                ]
            }, note: nil)
    }
}
