package import Foundation

/// The results of PyTorch and torchvision in float32 for one model, one batch and five steps: `Golden/<model>.json`.
package struct GoldenFile: Decodable, Sendable {
    package let model: String
    /// N, C, H, W
    package let inputShape: [Int]
    package let classes: Int
    package let labels: [Int]
    /// The count of trainable numbers.
    package let parameterCount: Int
    /// The logits of an evaluation with the filled running statistics.
    package let evalLogits: Tensor
    package let trainLogits: Tensor
    /// The mean loss over the batch of the first training forward pass.
    package let loss: Double
    package let gradients: [Tensor]
    /// Running means and variances after the first training forward pass.
    package let buffersAfterForward: [Tensor]
    package let sgd: SGD
    /// The parameters after the five steps of `sgd`.
    package let afterFiveSteps: [Tensor]

    /// A tensor by its size and a few of its elements.
    package struct Tensor: Decodable, Sendable {
        package let name: String
        package let shape: [Int]
        /// The root of the sum of squares.
        package let l2: Double
        package let sum: Double
        package let samples: [Sample]
        /// The first 16 logits of the first sample; nil for other tensors.
        package let row0First16: [Double]?

        package var count: Int { shape.reduce(1, *) }

        private enum CodingKeys: String, CodingKey {
            case name, shape, l2, sum, samples
            case row0First16 = "row0_first16"
        }
    }

    /// One element: its index in torch's layout and its value.
    package struct Sample: Decodable, Sendable {
        package let index: Int
        package let value: Double

        package init(from decoder: any Decoder) throws {
            var pair = try decoder.unkeyedContainer()
            index = try pair.decode(Int.self)
            value = try pair.decode(Double.self)
        }
    }

    /// Five steps of `torch.optim.SGD` on the same batch. Torch decays biases and batch norms too.
    package struct SGD: Decodable, Sendable {
        package let learningRate: Double
        package let momentum: Double
        package let weightDecay: Double
        package let losses: [Double]

        private enum CodingKeys: String, CodingKey {
            case learningRate = "lr"
            case weightDecay = "weight_decay"
            case momentum, losses
        }
    }

    private enum CodingKeys: String, CodingKey {
        case model, classes, labels, loss, gradients, sgd
        case inputShape = "input_shape_nchw"
        case parameterCount = "parameter_count"
        case evalLogits = "eval_logits"
        case trainLogits = "train_logits"
        case buffersAfterForward = "buffers_after_forward"
        case afterFiveSteps = "after_5_steps"
    }

    /// Reads the file of `model` in `folder`.
    package init(model: String, in folder: URL) throws {
        let data = try Data(contentsOf: folder.appendingPathComponent("\(model).json"))
        self = try JSONDecoder().decode(GoldenFile.self, from: data)
    }

    /// The batch: N x H x W x C.
    package var images: [Float] {
        goldenImages(samples: inputShape[0], channels: inputShape[1], height: inputShape[2], width: inputShape[3])
    }
}
