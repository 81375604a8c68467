package import Foundation

/// How far correct float32 programs may lie from a golden file's numbers: `Golden/Spread/<model>.json`.
///
/// Monte Carlo arithmetic, see `Tests/Reference/make_spreads.py`: the largest deviations from exact results that runs
/// with random errors of float32's size show. All are absolute.
package struct GoldenSpread: Decodable, Sendable {
    package let evalLogits: [Tensor]
    package let trainLogits: [Tensor]
    package let gradients: [Tensor]
    package let buffersAfterForward: [Tensor]
    /// Of each of the five steps.
    package let losses: [Double]
    package let afterFiveSteps: [Tensor]

    package struct Tensor: Decodable, Sendable {
        package let name: String
        /// The root of the sum of squares of the differences.
        package let length: Double
        /// Of each of the golden file's samples.
        package let samples: [Double]
    }

    private enum CodingKeys: String, CodingKey {
        case gradients, losses
        case evalLogits = "eval_logits"
        case trainLogits = "train_logits"
        case buffersAfterForward = "buffers_after_forward"
        case afterFiveSteps = "after_5_steps"
    }

    /// Reads the file of `model` in `folder`.
    package init(model: String, in folder: URL) throws {
        let data = try Data(contentsOf: folder.appendingPathComponent("Spread/\(model).json"))
        self = try JSONDecoder().decode(GoldenSpread.self, from: data)
    }

    /// How many spreads ours may lie from PyTorch's numbers. Both scatter around the exact ones. If normally, with
    /// deviation s, the largest of the spread's eight runs is 1.4 s on average, and the difference of two programs
    /// exceeds six times that, 6 sqrt(2) s, once in a billion.
    package static let certainty = 6.0
}

extension GoldenSpread.Tensor {
    /// What of `found` lies farther from `golden` than rounding explains; nil when nothing does.
    ///
    /// The length of the difference is not known. It is at least the difference of lengths, and 1 / sqrt(n) of that of
    /// sums (Cauchy and Schwarz).
    package func objection(to found: [Float], golden: GoldenFile.Tensor) -> String? {
        precondition(found.count == golden.count && name == golden.name, "\(golden.name) is not \(name)")
        let root = Double(golden.count).squareRoot()
        let bound = GoldenSpread.certainty * length
        var squares = 0.0
        var sum = 0.0
        for value in found {
            squares += Double(value) * Double(value)
            sum += Double(value)
        }
        let difference = max(abs(squares.squareRoot() - golden.l2), abs(sum - golden.sum) / root)
        guard difference <= bound else { return "\(name) differs by \(difference) of \(golden.l2), allowed \(bound)" }
        for (sample, spread) in zip(golden.samples, samples) {
            let difference = abs(Double(found[sample.index]) - sample.value)
            let bound = GoldenSpread.certainty * max(spread, length / root)
            guard difference <= bound else {
                return "\(name)[\(sample.index)] differs by \(difference) from \(sample.value), allowed \(bound)"
            }
        }
        for (value, expected) in zip(found, golden.row0First16 ?? []) {
            let difference = abs(Double(value) - expected)
            guard difference <= bound / root else {
                return "\(name): \(value) differs by \(difference) from \(expected), allowed \(bound / root)"
            }
        }
        return nil
    }
}
