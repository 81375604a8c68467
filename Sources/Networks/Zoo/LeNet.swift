/// LeCun, Bottou, Bengio & Haffner, "Gradient-Based Learning Applied to Document Recognition", Proc. IEEE 86(11), 1998:
/// LeNet-5, figure 2, as Dive into Deep Learning (Zhang et al., section 7.6) writes it today: sigmoids, averages
/// without weights of their own, all maps connected in the second convolution, and a plain linear layer at the end.
///
/// Weights begin Xavier-uniform, as d2l's do: PyTorch's default draws those of the linear layers half as wide, too
/// narrow for a signal to come through a chain of sigmoids. Biases begin as PyTorch's do.
package enum LeNet {
    package static func network(_ name: String = "lenet", classes: Int = 10, inputChannels: Int = 1) -> Network {
        let xavier = Initialization(convolutionWeight: .xavierUniform, linearWeight: .xavierUniform)
        return Network(name, inputChannels: inputChannels, classes: classes, initialization: xavier) { images in
            images.sequence("") {
                $0
                    .convolution(to: 6, kernel: 5, padding: 2).sigmoid().averagePool(kernel: 2)
                    .convolution(to: 16, kernel: 5).sigmoid().averagePool(kernel: 2)
                    .flatten()
                    .linear(to: 120).sigmoid()
                    .linear(to: 84).sigmoid()
                    .linear(to: classes)
            }
        }
    }
}
