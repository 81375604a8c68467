/// Lin, Chen & Yan, "Network In Network", ICLR 2014, arXiv:1312.4400, for photographs as Dive into Deep Learning
/// (section 8.3) writes it: AlexNet's windows, each followed by two layers at every pixel, and no linear layer at the
/// end. d2l's own network is `nin` with `input_channels` 1 and ten classes.
///
/// Names as in an `nn.Sequential`; weights begin Xavier-uniform, as d2l's do.
package enum NiN {
    static let models = [
        ModelDescription("nin", paper: paper, imageSize: 224, classes: 1000, options: [.dropout], build: network)
    ]

    private static let paper = "Lin, Chen & Yan, Network In Network, ICLR 2014"

    private static func network(_ request: ModelDescription.Request) -> Network {
        Network(request, initialization: .d2l) { images in
            images.sequence("") {
                $0
                    .perceptron(to: 96, kernel: 11, stride: 4).maxPool(kernel: 3, stride: 2)
                    .perceptron(to: 256, kernel: 5, padding: 2).maxPool(kernel: 3, stride: 2)
                    .perceptron(to: 384, kernel: 3, padding: 1).maxPool(kernel: 3, stride: 2)
                    .dropout(rate: 0.5)
                    .perceptron(to: request.classes, kernel: 3, padding: 1)
                    .adaptiveAveragePool(to: 1).flatten()
            }
        }
    }
}

extension Features {
    /// Figure 1: a perceptron of three layers that slides over the map.
    fileprivate func perceptron(to outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0) -> Features {
        convolution(to: outputs, kernel: kernel, stride: stride, padding: padding).relu()
            .convolution(to: outputs, kernel: 1).relu()
            .convolution(to: outputs, kernel: 1).relu()
    }
}
