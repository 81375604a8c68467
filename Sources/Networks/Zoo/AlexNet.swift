/// Krizhevsky, Sutskever & Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", NeurIPS 2012.
///
/// `alexnet` has torchvision's structure, names and initialisation: the one-column form of Krizhevsky, "One weird trick
/// for parallelizing convolutional neural networks", 2014, arXiv:1404.5997, without local response normalisation.
/// `alexnet_bn` has the first paper's 96 filters in the form that Keras users write: no padding anywhere, batch norm
/// after each pool where the paper has local response normalisation, dropout at 0.2; Keras's epsilon 1e-3 and momentum
/// 0.99, Xavier-uniform weights and biases of 0. `alexnet_d2l` has them as Dive into Deep Learning (section 8.1) trains
/// it on images of one channel: AlexNet's windows, no batch norm, weights that begin Xavier-uniform.
package enum AlexNet {
    static let models = [
        ModelDescription(
            "alexnet", paper: paper, imageSize: 224, classes: 1000, options: [.dropout, .head], build: torchvision),
        ModelDescription("alexnet_bn", paper: paper, imageSize: 227, classes: 1000, options: [.dropout], build: keras),
        ModelDescription(
            "alexnet_d2l", paper: paper, imageSize: 224, classes: 10, channels: 1, options: [.dropout], build: d2l),
    ]

    private static let paper =
        "Krizhevsky, Sutskever & Hinton, ImageNet Classification with Deep Convolutional Neural Networks, NeurIPS 2012"

    private static func torchvision(_ request: ModelDescription.Request) -> Network {
        Network(request) { images in
            let features = images.sequence("features") {
                $0
                    .convolution(to: 64, kernel: 11, stride: 4, padding: 2).relu().maxPool(kernel: 3, stride: 2)
                    .convolution(to: 192, kernel: 5, padding: 2).relu().maxPool(kernel: 3, stride: 2)
                    .convolution(to: 384, kernel: 3, padding: 1).relu()
                    .convolution(to: 256, kernel: 3, padding: 1).relu()
                    .convolution(to: 256, kernel: 3, padding: 1).relu().maxPool(kernel: 3, stride: 2)
            }
            if request.options.head == .conv1x1 { return features.pixelwiseClassifier(classes: request.classes) }
            return features.adaptiveAveragePool("avgpool", to: 6).flatten().sequence("classifier") {
                $0
                    .dropout(rate: 0.5).linear(to: 4096).relu()
                    .dropout(rate: 0.5).linear(to: 4096).relu()
                    .linear(to: request.classes)
            }
        }
    }

    private static func keras(_ request: ModelDescription.Request) -> Network {
        Network(request, initialization: .keras) { images in
            images
                .sequence("features") {
                    $0
                        .convolution(to: 96, kernel: 11, stride: 4).relu().maxPool(kernel: 3, stride: 2).kerasNorm()
                        .convolution(to: 256, kernel: 5).relu().maxPool(kernel: 3, stride: 2).kerasNorm()
                        .convolution(to: 384, kernel: 3).relu()
                        .convolution(to: 384, kernel: 3).relu()
                        .convolution(to: 256, kernel: 3).relu().maxPool(kernel: 3, stride: 2).kerasNorm()
                }
                .flatten()
                .sequence("classifier") {
                    $0
                        .linear(to: 4096).relu().dropout(rate: 0.2)
                        .linear(to: 4096).relu().dropout(rate: 0.2)
                        .linear(to: request.classes)
                }
        }
    }

    /// Builds Dive into Deep Learning's network as one `nn.Sequential`.
    private static func d2l(_ request: ModelDescription.Request) -> Network {
        Network(request, initialization: .d2l) { images in
            images.sequence("") {
                $0
                    .convolution(to: 96, kernel: 11, stride: 4, padding: 1).relu().maxPool(kernel: 3, stride: 2)
                    .convolution(to: 256, kernel: 5, padding: 2).relu().maxPool(kernel: 3, stride: 2)
                    .convolution(to: 384, kernel: 3, padding: 1).relu()
                    .convolution(to: 384, kernel: 3, padding: 1).relu()
                    .convolution(to: 256, kernel: 3, padding: 1).relu().maxPool(kernel: 3, stride: 2)
                    .flatten()
                    .linear(to: 4096).relu().dropout(rate: 0.5)
                    .linear(to: 4096).relu().dropout(rate: 0.5)
                    .linear(to: request.classes)
            }
        }
    }
}

extension Features {
    /// Appends a 1x1 convolution and a global average, in place of three linear layers that have nine tenths of the
    /// parameters. (Lin, Chen & Yan, "Network In Network", 2014, section 3.2.)
    func pixelwiseClassifier(classes: Int) -> Features {
        sequence("classifier") { $0.dropout(rate: 0.5).pixelwiseLinear(to: classes) }
            .adaptiveAveragePool("avgpool", to: 1).flatten()
    }
}
