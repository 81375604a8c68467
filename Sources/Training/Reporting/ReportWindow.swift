import Engine
import Foundation

/// The sums of training since the last report.
///
/// A checkpoint contains it, so that a resumed run reports the same means as an uninterrupted one.
struct ReportWindow {
    private(set) var tally = Tally()
    private var start = Date()
    /// The seconds since the clock was started for which steps waited for images.
    private(set) var waitedForImages = 0.0
    /// The number of samples since the clock was started.
    private var timedSamples = 0

    private var seconds: Double { max(Date().timeIntervalSince(start), 1e-9) }
    var imagesPerSecond: Double { Double(timedSamples) / seconds }
    /// The share of time for which steps waited for images, in 0...1.
    var shareWaited: Double { waitedForImages / seconds }

    /// The mean loss of a sample; nil where there is none.
    var meanLoss: Double? { tally.samples > 0 ? tally.lossSum / Double(tally.samples) : nil }

    /// Starts the clock.
    mutating func startClock() {
        start = Date()
        timedSamples = 0
        waitedForImages = 0
    }

    /// - Parameter waited: seconds for which the step waited for its images.
    mutating func add(_ step: Tally, waited: Double) {
        waitedForImages += waited
        tally = tally + step
        timedSamples += step.samples
    }
}

extension ReportWindow {
    /// The sums in the form of a checkpoint's metrics.
    var numbers: [String: Double] {
        guard tally.samples > 0 else { return [:] }
        return [
            "window_loss_sum": tally.lossSum, "window_correct": Double(tally.correct),
            "window_samples": Double(tally.samples),
        ]
    }

    /// Reads the sums of an earlier part of the run; empty where there are none, or none with samples.
    init(numbers: [String: Double]) {
        guard let loss = numbers["window_loss_sum"],
            let correct = numbers["window_correct"].flatMap({ Int(exactly: $0) }),
            let samples = numbers["window_samples"].flatMap({ Int(exactly: $0) }), samples > 0
        else { return }
        tally = Tally(lossSum: loss, correct: correct, samples: samples)
    }

    /// The sums as texts that ranks send each other, exact to the bit.
    var texts: [String: String] { numbers.mapValues { "\($0)" } }

    init(texts: [String: String]) { self.init(numbers: texts.compactMapValues { Double($0) }) }
}
