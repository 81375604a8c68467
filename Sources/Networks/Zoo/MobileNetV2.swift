/// Sandler, Howard, Zhu, Zhmoginov & Chen, "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018,
/// arXiv:1801.04381.
///
/// Structure, names and initialisation as in torchvision: convolutions begin Kaiming-normal by fan out, the classifier
/// with a deviation of 0.01.
package enum MobileNetV2 {
    static let models = [
        ModelDescription(
            "mobilenet_v2", paper: paper, imageSize: 224, classes: 1000, options: [.dropout, .head], build: network)
    ]

    private static let paper =
        "Sandler, Howard, Zhu, Zhmoginov & Chen, MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018"

    /// Table 2: expansion t, channels c, blocks n, stride s of the first of them.
    private static let body = [
        (t: 1, c: 16, n: 1, s: 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
        (6, 320, 1, 1),
    ]

    private static func network(_ request: ModelDescription.Request) -> Network {
        let head = request.options.head ?? .linear
        return Network(request, initialization: .mobile) { images in
            images
                .sequence("features") { images in
                    var x = images.unit(to: 32, kernel: 3, stride: 2)
                    for (t, c, n, s) in body {
                        for index in 0..<n { x = x.invertedResidual(to: c, stride: index == 0 ? s : 1, expansion: t) }
                    }
                    return x.unit(to: 1280, kernel: 1)
                }
                .scores(head) { x in
                    x.sequence("classifier") { $0.dropout(rate: 0.2).classified(to: request.classes, head) }
                }
        }
    }
}

extension Features {
    /// Figure 4d: wide inside, narrow and linear at both ends, with a shortcut where the shape stays.
    fileprivate func invertedResidual(to outputs: Int, stride: Int, expansion: Int) -> Features {
        scope { x in
            let width = channels * expansion
            let residual = x.sequence("conv") { x in
                (expansion == 1 ? x : x.unit(to: width, kernel: 1))
                    .unit(to: width, kernel: 3, stride: stride, groups: width)
                    .convolution(to: outputs, kernel: 1, bias: false).batchNorm()
            }
            return stride == 1 && channels == outputs ? residual.add(x) : residual
        }
    }

    /// Convolution, batch norm, ReLU6.
    fileprivate func unit(to outputs: Int, kernel: Int, stride: Int = 1, groups: Int = 1) -> Features {
        sequence {
            $0
                .convolution(
                    to: outputs, kernel: kernel, stride: stride, padding: kernel / 2, groups: groups, bias: false
                )
                .batchNorm().relu6()
        }
    }
}
