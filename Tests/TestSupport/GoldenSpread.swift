package import Foundation

/// The deviations of correct float32 programs from a golden file's numbers: `Golden/Spread/<model>.json`.
///
/// They are measured by Monte Carlo arithmetic, see `Tests/Reference/make_spreads.py`: the largest deviations from
/// exact results among runs with random errors of float32's size. All are absolute.
package struct GoldenSpread: Decodable, Sendable {
    package let evalLogits: [Tensor]
    package let trainLogits: [Tensor]
    package let gradients: [Tensor]
    package let buffersAfterForward: [Tensor]
    /// The deviations of the losses of the five steps.
    package let losses: [Double]
    package let afterFiveSteps: [Tensor]

    package struct Tensor: Decodable, Sendable {
        package let name: String
        /// The root of the sum of squares of the differences.
        package let length: Double
        /// The deviations of the golden file's samples of the tensor.
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

    /// The factor by which the difference between an engine and PyTorch may exceed the spread. Both scatter around the
    /// exact numbers. If they do so normally, with deviation s, the largest of the spread's eight runs is 1.4 s on
    /// average. The difference of two programs exceeds six times that, 6 sqrt(2) s, once in a billion.
    package static let certainty = 6.0
}

extension GoldenSpread.Tensor {
    /// Returns what in `found` lies farther from `golden` than rounding explains; nil where nothing does.
    ///
    /// The length of the difference is not known. It is at least the difference of the lengths, and at least the
    /// difference of the sums over sqrt(n) (Cauchy and Schwarz).
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
