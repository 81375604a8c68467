/// Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024, arXiv:2404.00498: a small network for images of 32
/// px that learns in a few epochs, with the widths and names of its successor airbench94_muon
/// (github.com/KellerJordan/cifar10-airbench).
///
/// The first layer whitens patches of 2x2 pixels, and only its bias is learned (`InitialRule.whitening`); other
/// convolutions begin as the identity as far as possible (`.dirac`). Batch norms have no learned scale and follow their
/// batches quickly. Logits are divided by the number of features that they are summed over.
package enum Airbench {
    static let models = [
        ModelDescription(
            "airbench94", paper: "Jordan, 94% on CIFAR-10 in 3.29 Seconds on a Single GPU, 2024", imageSize: 32,
            classes: 10, options: [.logitScale], build: network)
    ]

    /// The widths of the three groups of section 3.
    private static let widths = [64, 256, 256]

    private static func network(_ request: ModelDescription.Request) -> Network {
        let initialization = Initialization(convolutionWeight: .dirac, linearWeight: .uniform(deviation: 1))
        return Network(request, initialization: initialization) { images in
            images.whitened("whiten")
                .sequence("layers") { x in
                    widths.reduce(x.gelu()) { x, width in x.group(width: width) }.maxPool(kernel: 3)
                }
                .flatten().linear("head", to: request.classes, bias: false)
                .scaled(by: request.options.logitScale ?? 1 / Float(widths[widths.count - 1]))
        }
    }
}

extension Features {
    /// Section 3.2: two outputs for each number of a patch, of opposite signs.
    fileprivate func whitened(_ name: String) -> Features {
        let kernel = 2
        return convolution(
            name, to: 2 * channels * kernel * kernel, kernel: kernel, weight: .whitening(epsilon: 5e-4),
            learnsWeight: false)
    }

    fileprivate func group(width: Int) -> Features {
        scope {
            $0
                .convolution("conv1", to: width, kernel: 3, padding: 1, bias: false).maxPool("pool", kernel: 2)
                .unscaledNorm("norm1").gelu()
                .convolution("conv2", to: width, kernel: 3, padding: 1, bias: false)
                .unscaledNorm("norm2").gelu()
        }
    }

    /// Batch normalisation in which six tenths of the old running moments remain: PyTorch's momentum of 0.4.
    private func unscaledNorm(_ name: String) -> Features {
        batchNorm(name, epsilon: 1e-12, momentum: 0.4, learnsWeight: false)
    }
}
