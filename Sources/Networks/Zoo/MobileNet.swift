/// Howard, Zhu, Chen, Kalenichenko, Wang, Weyand, Andreetto & Adam, "MobileNets: Efficient Convolutional Neural
/// Networks for Mobile Vision Applications", 2017, arXiv:1704.04861. The initial weights are those of `mobilenet_v2`.
package enum MobileNet {
    static let models = [
        ModelDescription("mobilenet_v1", paper: paper, imageSize: 224, classes: 1000, options: [.head], build: network)
    ]

    private static let paper =
        "Howard et al., MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications, 2017"

    /// Table 1: the channels and stride of each depthwise separable convolution.
    private static let body =
        [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
        + Array(repeating: (512, 1), count: 5) + [(1024, 2), (1024, 1)]

    private static func network(_ request: ModelDescription.Request) -> Network {
        let head = request.options.head ?? .linear
        return Network(request, initialization: .mobile) { images in
            images
                .sequence("features") { images in
                    let stem = images.sequence {
                        $0.convolution(to: 32, kernel: 3, stride: 2, padding: 1, bias: false).batchNorm().relu()
                    }
                    return body.reduce(stem) { x, layer in x.separable(to: layer.0, stride: layer.1) }
                }
                .scores(head) { $0.classified("classifier", to: request.classes, head) }
        }
    }
}

extension Initialization {
    /// torchvision's for `mobilenet_v2`.
    static let mobile = Initialization(
        convolutionWeight: .kaimingNormal(.fanOut), linearWeight: .normal(deviation: 0.01), linearBias: .constant(0))
}

extension Features {
    /// Figure 3, right: each channel convolved by itself, then all mixed at each pixel.
    fileprivate func separable(to outputs: Int, stride: Int) -> Features {
        sequence {
            $0
                .convolution(to: channels, kernel: 3, stride: stride, padding: 1, groups: channels, bias: false)
                .batchNorm().relu()
                .convolution(to: outputs, kernel: 1, bias: false).batchNorm().relu()
        }
    }
}
