import Engine
package import Runs

extension EvaluationDetail {
    /// The most pictures of each kind.
    package static let mostPictures = 24
    /// The number of equal parts of 0...1 in which samples are counted by their highest probability.
    static let calibrationBins = 15

    /// Makes the details of an evaluation, without pictures, from the outcomes of the samples.
    ///
    /// - Parameters:
    ///   - outcomes: the outcomes of all samples that could be read, in any order.
    ///   - index: returns the index of a sample in its split, by its number.
    ///   - pictures: the most misclassified samples to list, and the most uncertain ones.
    init(
        _ evaluation: Evaluation, of outcomes: [SampleOutcome], epoch: Int, step: Int, classes: [String],
        pictures: Int = mostPictures, index: (UInt32) -> Int = { Int($0) }
    ) {
        self.init(
            epoch: epoch, step: step, samples: evaluation.samples, loss: evaluation.loss,
            accuracy: evaluation.accuracy, classes: classes)
        // In this order, sums have the same bits for any number of ranks.
        let outcomes = outcomes.sorted { $0.sampleID < $1.sampleID }
        let counts = ConfusionCounts(outcomes, classes: classes.count)
        confusion = counts.entries
        classAccuracy = counts.classAccuracy
        (calibration, calibrationError) = Self.calibration(of: outcomes)
        let wrong = Shortlist(outcomes.filter { $0.label != $0.predicted }, most: pictures) { a, b in
            a.loss == b.loss ? a.sampleID < b.sampleID : a.loss > b.loss
        }
        let unsure = Shortlist(outcomes, most: pictures) { a, b in
            a.probability == b.probability ? a.sampleID < b.sampleID : a.probability < b.probability
        }
        func picture(_ outcome: SampleOutcome) -> Picture {
            Picture(
                sample: index(outcome.sampleID), name: nil, label: Int(outcome.label),
                predicted: Int(outcome.predicted), probability: Double(outcome.probability),
                loss: Double(outcome.loss), picture: "")
        }
        self.wrong = wrong.first.map(picture)
        self.unsure = unsure.first.map(picture)
    }

    private static func calibration(of outcomes: [SampleOutcome]) -> ([CalibrationBin], Double) {
        var bins = [(confidence: Double, correct: Int, samples: Int)](repeating: (0, 0, 0), count: calibrationBins)
        for outcome in outcomes {
            // A bin includes its upper end, as in the paper.
            let place = (Double(outcome.probability) * Double(calibrationBins)).rounded(.up) - 1
            let bin = min(max(Int(place), 0), calibrationBins - 1)
            bins[bin].confidence += Double(outcome.probability)
            bins[bin].correct += outcome.label == outcome.predicted ? 1 : 0
            bins[bin].samples += 1
        }
        let means = bins.map { bin in
            let samples = Double(max(bin.samples, 1))
            return CalibrationBin(
                confidence: bin.confidence / samples, accuracy: Double(bin.correct) / samples, samples: bin.samples)
        }
        let error = means.reduce(0) { $0 + Double($1.samples) * ($1.accuracy - $1.confidence).magnitude }
        return (means, error / Double(max(outcomes.count, 1)))
    }
}

/// The counts of samples by their class and their predicted class.
private struct ConfusionCounts {
    /// The counts by label * classes + predicted.
    private var counts: [Int: Int] = [:]
    private let classes: Int

    init(_ outcomes: [SampleOutcome], classes: Int) {
        // A network may have more outputs than the data have classes.
        self.classes = max(classes, (outcomes.map { Int(max($0.label, $0.predicted)) }.max() ?? 0) + 1)
        for outcome in outcomes { counts[Int(outcome.label) * self.classes + Int(outcome.predicted), default: 0] += 1 }
    }

    /// The entries [label, predicted, samples], in that order.
    var entries: [[Int]] { counts.sorted { $0.key < $1.key }.map { [$0.key / classes, $0.key % classes, $0.value] } }

    var classAccuracy: [Double?] {
        var samples = [Int](repeating: 0, count: classes)
        for (key, count) in counts { samples[key / classes] += count }
        return samples.indices.map { label in
            samples[label] > 0 ? Double(counts[label * classes + label] ?? 0) / Double(samples[label]) : nil
        }
    }
}

/// The first few of many elements in an order, found without sorting all of them.
private struct Shortlist<Element> {
    private(set) var first: [Element] = []

    init(_ elements: [Element], most: Int, areInOrder: (Element, Element) -> Bool) {
        for element in elements {
            if first.count == most {
                guard let last = first.last, areInOrder(element, last) else { continue }
                first.removeLast()
            }
            let place = first.firstIndex { areInOrder(element, $0) } ?? first.count
            first.insert(element, at: place)
        }
    }
}
