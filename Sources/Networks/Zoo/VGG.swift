/// Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015,
/// arXiv:1409.1556.
///
/// Structure, names and initialisation as in torchvision: convolutions begin as in "Delving Deep into Rectifiers" (He
/// et al., ICCV 2015), by fan out; linear layers with a deviation of 0.01; biases at 0. `vgg_small` is VGG-11 with a
/// quarter of the channels for small images, as in Dive into Deep Learning (section 8.2), with its initial weights.
package enum VGG {
    /// The columns of table 1.
    static let models = [
        variant("vgg11", A), variant("vgg11_bn", A, isNormalized: true),
        variant("vgg13", B), variant("vgg13_bn", B, isNormalized: true),
        variant("vgg16", D), variant("vgg16_bn", D, isNormalized: true),
        variant("vgg19", E), variant("vgg19_bn", E, isNormalized: true),
        ModelDescription("vgg_small", paper: paper, imageSize: 224, classes: 10, channels: 1, options: options) {
            network($0, A, width: 16, initialization: .d2l)
        },
    ]

    /// Convolutions before each pool.
    private static let (A, B, D, E) = ([1, 1, 2, 2, 2], [2, 2, 2, 2, 2], [2, 2, 3, 3, 3], [2, 2, 4, 4, 4])

    private static let paper =
        "Simonyan & Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015"

    private static let options: [ModelOptions.Key] = [.blocks, .dropout, .head]

    private static func variant(_ name: String, _ blocks: [Int], isNormalized: Bool = false) -> ModelDescription {
        ModelDescription(name, paper: paper, imageSize: 224, classes: 1000, options: options) {
            network(
                $0, blocks, isNormalized: isNormalized,
                initialization: Initialization(
                    convolutionWeight: .kaimingNormal(.fanOut), convolutionBias: .constant(0),
                    linearWeight: .normal(deviation: 0.01), linearBias: .constant(0)))
        }
    }

    /// - Parameter width: Channels of the first convolutions; each pool doubles them, up to eight times as many.
    private static func network(
        _ request: ModelDescription.Request, _ blocks: [Int], width: Int = 64, isNormalized: Bool = false,
        initialization: Initialization
    ) -> Network {
        let blocks = request.options.blocks ?? blocks
        return Network(request, initialization: initialization) { images in
            let features = images.sequence("features") { images in
                blocks.enumerated().reduce(images) { x, block in
                    let width = width << min(block.offset, 3)
                    return (0..<block.element)
                        .reduce(x) { x, _ in
                            let x = x.convolution(to: width, kernel: 3, padding: 1)
                            return (isNormalized ? x.batchNorm() : x).relu()
                        }
                        .maxPool(kernel: 2)
                }
            }
            if request.options.head == .conv1x1 { return features.pixelwiseClassifier(classes: request.classes) }
            return features.adaptiveAveragePool("avgpool", to: 7).flatten().sequence("classifier") {
                $0
                    .linear(to: 4096).relu().dropout(rate: 0.5)
                    .linear(to: 4096).relu().dropout(rate: 0.5)
                    .linear(to: request.classes)
            }
        }
    }
}
