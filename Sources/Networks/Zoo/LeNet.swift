/// LeCun, Bottou, Bengio & Haffner, "Gradient-Based Learning Applied to Document Recognition", Proc. IEEE 86(11), 1998:
/// LeNet-5, figure 2, as Dive into Deep Learning (Zhang et al., sections 7.6 and 8.5) writes it today: sigmoids,
/// averages without weights of their own, all maps connected in the second convolution, and a plain linear layer at the
/// end.
///
/// Weights begin Xavier-uniform, as d2l's do: PyTorch's default draws those of the linear layers half as wide, too
/// narrow for a signal to come through a chain of sigmoids. Biases begin as PyTorch's do.
package enum LeNet {
    static let models = [
        ModelDescription("lenet", paper: paper, imageSize: 28, classes: 10, channels: 1, build: plain),
        ModelDescription("lenet_bn", paper: paper, imageSize: 28, classes: 10, channels: 1, build: normalized),
    ]

    private static let paper =
        "LeCun, Bottou, Bengio & Haffner, Gradient-Based Learning Applied to Document Recognition, Proc. IEEE 1998"

    private static func plain(_ request: ModelDescription.Request) -> Network {
        Network(request, initialization: .d2l) { images in
            images.sequence("") {
                $0
                    .convolution(to: 6, kernel: 5, padding: 2).sigmoid().averagePool(kernel: 2)
                    .convolution(to: 16, kernel: 5).sigmoid().averagePool(kernel: 2)
                    .flatten()
                    .linear(to: 120).sigmoid()
                    .linear(to: 84).sigmoid()
                    .linear(to: request.classes)
            }
        }
    }

    /// Builds the network with batch norm before each sigmoid, and without padding. (d2l, section 8.5.)
    private static func normalized(_ request: ModelDescription.Request) -> Network {
        Network(request, initialization: .d2l) { images in
            images.sequence("") {
                $0
                    .convolution(to: 6, kernel: 5).batchNorm().sigmoid().averagePool(kernel: 2)
                    .convolution(to: 16, kernel: 5).batchNorm().sigmoid().averagePool(kernel: 2)
                    .flatten()
                    .linear(to: 120).batchNorm().sigmoid()
                    .linear(to: 84).batchNorm().sigmoid()
                    .linear(to: request.classes)
            }
        }
    }
}
