import Checkpoints
import Foundation
import Graphs
import Recipes
import TestSupport
import Testing

@testable import Training

/// The class scores of a picture, from its file on, compared with torchvision's: `Golden/picture.json`, see
/// `Tests/Reference/make_picture.py`.
@Suite("A photograph and imported weights")
struct TorchvisionPictureTests {
    private struct Golden: Decodable {
        let stored: Logits
        let upright: Logits

        struct Logits: Decodable {
            let every20th: [Double]
            /// The root of the mean of all squares.
            let size: Double
        }
    }

    /// The tolerance is that of float32, as `Tests/Reference/check_onnx.py` explains: 8 u sqrt(R) of the logits' size,
    /// with R the sum of the numbers of products over the layers.
    @Test("a photograph has torchvision's logits with imported weights, both turned upright and as it is stored")
    func logits() throws {
        let folder = try TemporaryFolder()
        let network = try ModelChoice("resnet50").network()
        let parameters = try Graph(network: network, imageSize: 224, purpose: .evaluation).parameters
        let tensors = parameters.map { parameter in
            NamedTensor(
                name: parameter.name, shape: parameter.shape,
                storage: parameter.role == .batchesTracked ? .int64([0]) : .float32(goldenFill(parameter)))
        }
        let path = folder.path + "/resnet50.safetensors"
        try Checkpoint(tensors: tensors, optimizer: [], metadata: [:]).exportWeights(to: path)
        let products = parameters.filter { $0.shape.count > 1 }.reduce(0) { $0 + $1.shape.dropFirst().reduce(1, *) }
        let allowed = 8 * 0x1p-24 * Double(products).squareRoot()

        let url = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
        let golden = try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: url.appendingPathComponent("picture.json")))
        for (isUpright, expected) in [(true, golden.upright), (false, golden.stored)] {
            var asked = RecipeOverrides()
            asked.exifOrientation = isUpright
            let predictor = try Predictor(
                NetworkFile(contentsOf: path, model: "resnet50"), images: asked, threads: nil, instructionSet: .auto)
            let logits = try predictor.prediction(ofFile: url.appendingPathComponent("picture.jpg").path).logits
            for (place, logit) in expected.every20th.enumerated() {
                #expect(abs(Double(logits[20 * place]) - logit) <= allowed * expected.size)
            }
        }
        // The turned picture is another one for the network.
        let apart = zip(golden.upright.every20th, golden.stored.every20th).map { abs($0 - $1) }.max() ?? 0
        #expect(apart > 100 * allowed * golden.stored.size)
    }
}
