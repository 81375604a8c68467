package import Checkpoints
package import Datasets
import Engine
import Foundation
import Graphs
import Machine
import Networks
package import Recipes
import Tensors
import Terminal

/// The network of a checkpoint, for predictions.
package final class Predictor {
    package let model: String
    /// Pixels a side of the network's input.
    package let imageSize: Int
    /// The channels of the input: 1 for grey, 3 for colour.
    package let channels: Int
    /// The names of the network's classes, one for each.
    package let classNames: [String]
    /// The presentation of pictures to the network; nil where its input is neither grey nor colour.
    package let presentation: Presentation?
    /// Notes on the file for people, one a line.
    package let notes: [String]

    /// The layers from which class activation maps are read; nil where maps are not asked for, or the network has none.
    let classActivation: ClassActivation?

    let engine: Engine
    private let scratch = LoaderScratch()
    /// The most samples that are evaluated at once. Logits do not depend on it.
    private let capacity: Int

    /// Loads the network of a file.
    ///
    /// - Parameters:
    ///   - imageSize: pixels a side; nil for the size of the network's training, or else the model's default.
    ///   - images: the options of decoding and resizing that differ from training.
    ///   - capacity: the most samples that are evaluated at once.
    ///   - keepsMaps: whether class activation maps will be asked for.
    /// - Throws: for tensors that do not fit the model.
    package init(
        _ file: NetworkFile, imageSize: Int? = nil, images: RecipeOverrides = RecipeOverrides(), capacity: Int = 1,
        keepsMaps: Bool = false, threads: Int?, instructionSet: Recipe.InstructionSet
    ) throws {
        let network = try file.network()
        model = file.model.name
        self.imageSize = imageSize ?? file.imageSize
        channels = file.channels
        let names = file.classNames
        classNames = (0..<file.classes).map { $0 < names.count ? names[$0] : "class \($0)" }
        presentation = file.presentation(images)
        self.capacity = capacity
        var graph = try Graph(network: network, imageSize: self.imageSize, purpose: .evaluation)
        classActivation = keepsMaps ? ClassActivation(of: graph) : nil
        if let classActivation { graph.kept = [classActivation.map] }
        // This check comes before memory is reserved.
        let fit = try file.fit(to: graph.parameters, of: network)
        let layout = EngineLayout(
            training: nil, evaluation: graph,
            configuration: EngineConfiguration(
                backend: Backend(instructionSet),
                threads: ThreadChoice.here(asked: threads, localRanks: 1).threads, shards: 1, shardCapacity: 1,
                evaluationCapacity: capacity, seed: 0))
        try MemoryCapacity.here.require(
            layout.parameterBytes.saturatingSum(layout.activationBytes).saturatingSum(layout.planBytes),
            for: "\(model) for images of \(self.imageSize)x\(self.imageSize)",
            remedy: "Free memory, or take a smaller model")
        engine = try Engine(layout)
        engine.take(fit)
        notes = file.notes(on: fit, of: network)
    }

    /// Returns the prediction for a picture's file, which is presented as pictures were in the network's evaluation.
    ///
    /// - Throws: `ImageError` or `SampleError` for a file that is not a picture; `PredictionError.notFinite` where
    ///   logits overflow.
    package func prediction(ofFile path: String) throws -> Prediction {
        try prediction(pixels(ofFile: path), of: path)
    }

    /// Returns the pixels of a picture's file as the network's input: imageSize x imageSize x channels numbers.
    func pixels(ofFile path: String) throws -> [Float] {
        guard let presentation else { throw PredictionError.neitherGreyNorColour(model: model, channels: channels) }
        return try presentation.floats(of: Image.bytes(ofFile: path), path: path, with: scratch)
    }

    /// Returns the prediction for pixels that `pixels(ofFile:)` returned.
    func prediction(_ pixels: [Float], of name: String) throws -> Prediction {
        try prediction(logits: logits(of: pixels, samples: 1), of: name)
    }

    /// Returns the prediction for each sample of a tensor, which the network gets unchanged.
    ///
    /// - Throws: `PredictionError.unfitTensor`, `.notFinite`
    package func predictions(of tensor: InputTensor) throws -> [Prediction] {
        guard tensor.channels == channels, tensor.side == imageSize else {
            throw PredictionError.unfitTensor(
                found: [tensor.samples, tensor.channels, tensor.side, tensor.side],
                expected: "[N, \(channels), \(imageSize), \(imageSize)]")
        }
        var predictions: [Prediction] = []
        while predictions.count < tensor.samples {
            let range = predictions.count..<min(predictions.count + capacity, tensor.samples)
            let logits = try logits(of: tensor.pixels(of: range), samples: range.count)
            for first in stride(from: 0, to: logits.count, by: classNames.count) {
                let own = Array(logits[first..<first + classNames.count])
                predictions.append(try prediction(logits: own, of: tensor.name(ofSample: predictions.count)))
            }
        }
        return predictions
    }

    private func prediction(logits: [Float], of name: String) throws(PredictionError) -> Prediction {
        if let bad = logits.first(where: { !$0.isFinite }) { throw .notFinite(name: name, found: bad) }
        return Prediction(logits: logits, classNames: classNames)
    }

    private func logits(of pixels: [Float], samples: Int) throws -> [Float] {
        _ = try engine.evaluate(
            Batch(
                images: pixels, labels: [Int32](repeating: 0, count: samples),
                sampleIDs: [UInt32](repeating: 0, count: samples), shardSizes: [samples]))
        return engine.logits()
    }
}

extension Checkpoint.About {
    /// Returns the recipe that the network was trained by; nil for imported weights, which were not trained by this
    /// program.
    ///
    /// - Parameter path: The name of the file in messages.
    package func trainingRecipe(path: String) throws -> Recipe? {
        guard progress.samples > 0 else { return nil }
        return try Recipe.resolve(flags: RecipeOverrides(yaml: recipe, path: "\(path): recipe"))
    }
}

/// The prediction of a network for one image.
package struct Prediction: Sendable {
    /// The logits, one for each class, as the engine computed them: finite.
    package let logits: [Float]
    /// The probabilities, one for each class; they add up to 1 but for roundings.
    package let probabilities: [Double]
    private let classNames: [String]

    init(logits: [Float], classNames: [String]) {
        self.logits = logits
        self.classNames = classNames
        // exp(x - max x) cannot overflow.
        let highest = Double(logits.max() ?? 0)
        let exponentials = logits.map { exp(Double($0) - highest) }
        let sum = exponentials.reduce(0, +)
        probabilities = exponentials.map { $0 / sum }
    }

    /// A class and its probability.
    package struct Score: Encodable, Hashable, Sendable {
        package let label: Int
        package let name: String
        package let probability: Double
    }

    /// Returns the `count` likeliest classes, the likeliest first; of equals the lower label first.
    package func top(_ count: Int) -> [Score] {
        let order = logits.indices.sorted { a, b in logits[a] == logits[b] ? a < b : logits[a] > logits[b] }
        return order.prefix(count).map { Score(label: $0, name: classNames[$0], probability: probabilities[$0]) }
    }
}

/// Images that another program prepared: the tensor `input` of a safetensors file, float32, N x C x H x W.
package struct InputTensor: Sendable {
    package let samples: Int
    package let channels: Int
    /// The height and the width, in pixels.
    package let side: Int
    private let path: String
    private let values: [Float]

    /// Returns the name of a sample in messages and reports.
    package func name(ofSample sample: Int) -> String { "\(path)[\(sample)]" }

    /// - Throws: `CheckpointError` for a file that is not safetensors, `PredictionError` for one without such a tensor,
    ///   or whose numbers are not all finite.
    package init(contentsOf path: String) throws {
        let tensors = try Checkpoint(contentsOf: path).tensors
        guard let tensor = tensors.first(where: { $0.name == "input" }) else {
            throw PredictionError.noInput(path: path, found: tensors.map(\.name))
        }
        guard let values = tensor.floats, tensor.shape.count == 4, tensor.shape[2] == tensor.shape[3], !values.isEmpty
        else {
            throw PredictionError.unfitTensor(
                found: tensor.shape, expected: "float32 [N, C, S, S], square images and at least one")
        }
        samples = tensor.shape[0]
        channels = tensor.shape[1]
        side = tensor.shape[2]
        self.path = path
        self.values = values
        if let bad = tensor.notFinite {
            throw PredictionError.inputNotFinite(
                path: path, found: bad.first, count: bad.count, of: tensor.storage.count)
        }
    }

    /// Returns the pixels of a range of samples, as N x H x W x C.
    func pixels(of range: Range<Int>) -> [Float] {
        let plane = side * side
        var pixels: [Float] = []
        pixels.reserveCapacity(range.count * plane * channels)
        for sample in range {
            for place in 0..<plane {
                for channel in 0..<channels { pixels.append(values[(sample * channels + channel) * plane + place]) }
            }
        }
        return pixels
    }
}

/// The reason why a network cannot predict for an image.
package enum PredictionError: Error, Equatable, Sendable {
    /// A file that does not name its network.
    case unknownModel(path: String)
    case neitherGreyNorColour(model: String, channels: Int)
    case noInput(path: String, found: [String])
    case unfitTensor(found: [Int], expected: String)
    /// An input tensor with numbers that are infinite or NaN, of which `found` is the first.
    case inputNotFinite(path: String, found: Float, count: Int, of: Int)
    /// A logit that is not finite.
    case notFinite(name: String, found: Float)
    /// Some of several pictures had no prediction; each has been reported already.
    case someFailed(failed: Int, of: Int)
}

extension PredictionError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownModel(let path):
            "\(path) does not say what network it is of, as cnn-train's checkpoints do: name it with --model"
        case .neitherGreyNorColour(let model, let channels):
            "this \(model) takes images of \(channels) channels, but pictures have 1 or 3: give it --input-tensor"
        case .noInput(let path, let found):
            "\(path) has no tensor 'input', but \(found.prefix(5).joined(separator: ", ")): "
                + "save the images under that name"
        case .unfitTensor(let found, let expected):
            "the tensor 'input' is \(found), expected \(expected)"
        case .inputNotFinite(let path, let found, let count, let all):
            "\(path): \(Wording.grouped(count)) of the \(Wording.count(all, "number")) of 'input' "
                + "\(count == 1 ? "is" : "are") infinite or not a number (the first is \(found)): "
                + "no network can be shown them"
        case .notFinite(let name, let found):
            "\(name): a class score is \(found). The network's weights are finite, but overflow what is computed with "
                + "them: take an earlier checkpoint, or train with a smaller --lr"
        case .someFailed(let failed, let all):
            "\(failed) of \(Wording.count(all, "picture")) could not be read, see above; the others were"
        }
    }
}
