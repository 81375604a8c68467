import Runs

/// The reports of training: one list for each quantity, with one place for each report. Missing numbers are
/// not-a-number.
package struct StepCurves: Sendable {
    package var epochs: [Int] = []
    package var steps: [Int] = []
    package var loss: [Double] = []
    /// The accuracy at each step, in 0...1.
    package var accuracy: [Double] = []
    package var learningRate: [Double] = []
    package var imagesPerSecond: [Double] = []
    /// Seconds since the previous report for which steps waited for images.
    package var waitedForImages: [Double] = []
    /// Seconds of training since the run began.
    package var seconds: [Double] = []

    package var count: Int { steps.count }

    /// Removes the reports after a step.
    mutating func removeAll(after step: Int) {
        let kept = steps.prefix { $0 <= step }.count
        let rest = steps.count - kept
        epochs.removeLast(rest)
        steps.removeLast(rest)
        loss.removeLast(rest)
        accuracy.removeLast(rest)
        learningRate.removeLast(rest)
        imagesPerSecond.removeLast(rest)
        waitedForImages.removeLast(rest)
        seconds.removeLast(rest)
    }

    /// Appends a line of kind `train`.
    ///
    /// - Returns: false where it has no step.
    mutating func append(_ line: JSONFields, of bytes: borrowing Span<UInt8>) -> Bool {
        var report = Report()
        for field in line.fields { report.take(field, of: bytes) }
        guard let step = report.step else { return false }
        steps.append(step)
        epochs.append(report.epoch)
        loss.append(report.loss)
        accuracy.append(report.accuracy)
        learningRate.append(report.learningRate)
        imagesPerSecond.append(report.imagesPerSecond)
        waitedForImages.append(report.waitedForImages)
        seconds.append(report.seconds)
        return true
    }

    private struct Report {
        var step: Int?
        var epoch = 0
        var loss = Double.nan
        var accuracy = Double.nan
        var learningRate = Double.nan
        var imagesPerSecond = Double.nan
        var waitedForImages = Double.nan
        var seconds = Double.nan

        mutating func take(_ field: JSONFields.Field, of bytes: borrowing Span<UInt8>) {
            func number() -> Double { JSONNumber.number(field.value, of: bytes) ?? .nan }
            // Keys of the same length differ in their first letters.
            switch (field.key.count, field.key.isEmpty ? 0 : bytes[field.key.lowerBound]) {
            case (4, UInt8(ascii: "s")): step = JSONNumber.integer(field.value, of: bytes)
            case (5, UInt8(ascii: "e")): epoch = JSONNumber.integer(field.value, of: bytes) ?? 0
            case (4, UInt8(ascii: "l")): loss = number()
            case (8, UInt8(ascii: "a")): accuracy = number()
            case (2, UInt8(ascii: "l")): learningRate = number()
            case (17, UInt8(ascii: "i")): imagesPerSecond = number()
            case (25, UInt8(ascii: "w")): waitedForImages = number()
            case (7, UInt8(ascii: "s")): if bytes[field.key.upperBound - 2] == UInt8(ascii: "d") { seconds = number() }
            default: break
            }
        }
    }
}
