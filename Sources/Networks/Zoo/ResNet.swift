/// He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, arXiv:1512.03385. And its wider
/// variants: Xie, Girshick, Dollár, Tu & He, "Aggregated Residual Transformations for Deep Neural Networks", CVPR 2017,
/// arXiv:1611.05431 (`resnext`), and Zagoruyko & Komodakis, "Wide Residual Networks", BMVC 2016, arXiv:1605.07146
/// (`wide_resnet`).
///
/// Structure, names and initialisation as in torchvision: projections where the shape changes (option B), the stride in
/// a bottleneck's 3x3 convolution, and convolutions initialised as in "Delving Deep into Rectifiers" (ICCV 2015), by
/// fan out. `plain` networks are the same without shortcuts (figure 3, middle), with either stem.
///
/// `resnet18_d2l` is that of Dive into Deep Learning (section 8.6) for images of one channel and 96 px: convolutions
/// with biases, projections without a batch norm, weights Xavier-uniform; names are those of its `net`.
package enum ResNet {
    /// The columns of table 1, and table 1 of ResNeXt.
    static let models = [
        variant("resnet18", .basic, [2, 2, 2, 2]),
        variant("resnet34", .basic, [3, 4, 6, 3]),
        variant("resnet50", .bottleneck(), [3, 4, 6, 3]),
        variant("resnet101", .bottleneck(), [3, 4, 23, 3]),
        variant("resnet152", .bottleneck(), [3, 8, 36, 3]),
        variant("plain18", .plain, [2, 2, 2, 2]),
        variant("plain34", .plain, [3, 4, 6, 3]),
        variant("wide_resnet50_2", .bottleneck(groups: 1, width: 128), [3, 4, 6, 3], paper: zagoruyko),
        variant("resnext50_32x4d", .bottleneck(groups: 32, width: 4), [3, 4, 6, 3], paper: xie),
        variant("resnet18_cifar", .basic, [2, 2, 2, 2], stem: .cifar),
        variant("resnet34_cifar", .basic, [3, 4, 6, 3], stem: .cifar),
        variant("resnet50_cifar", .bottleneck(), [3, 4, 6, 3], stem: .cifar),
        variant("resnet101_cifar", .bottleneck(), [3, 4, 23, 3], stem: .cifar),
        variant("resnet152_cifar", .bottleneck(), [3, 8, 36, 3], stem: .cifar),
        variant("plain18_cifar", .plain, [2, 2, 2, 2], stem: .cifar),
        variant("plain34_cifar", .plain, [3, 4, 6, 3], stem: .cifar),
        ModelDescription(
            "resnet18_d2l", paper: he, imageSize: 96, classes: 10, channels: 1, options: [.blocks], build: d2l),
    ]

    private static let he = "He, Zhang, Ren & Sun, Deep Residual Learning for Image Recognition, CVPR 2016"
    private static let zagoruyko = "Zagoruyko & Komodakis, Wide Residual Networks, BMVC 2016"
    private static let xie =
        "Xie, Girshick, Dollár, Tu & He, Aggregated Residual Transformations for Deep Neural Networks, CVPR 2017"

    fileprivate enum Block {
        /// A block of two 3x3 convolutions.
        case basic
        /// A block of two 3x3 convolutions without a shortcut.
        case plain
        /// 1x1, 3x3 and 1x1; the 3x3 one has `groups` groups of `width` channels in the first stage.
        case bottleneck(groups: Int = 1, width: Int = 64)
    }

    private static func variant(
        _ name: String, _ block: Block, _ blocks: [Int], stem: Stem = .imageNet, paper: String = he
    ) -> ModelDescription {
        var options: [ModelOptions.Key] = [.blocks, .stem, .head]
        if case .plain = block {} else { options.append(.zeroInitLastNorm) }
        let (size, classes) = stem == .cifar ? (32, 10) : (224, 1000)
        return ModelDescription(name, paper: paper, imageSize: size, classes: classes, options: options) {
            network($0, block, blocks, stem)
        }
    }

    private static func network(
        _ request: ModelDescription.Request, _ block: Block, _ blocks: [Int], _ stem: Stem
    ) -> Network {
        let options = request.options
        let head = options.head ?? .linear
        let lastWeight: Float = options.zeroInitLastNorm == true ? 0 : 1
        return Network(request, initialization: Initialization(convolutionWeight: .kaimingNormal(.fanOut))) { images in
            (options.blocks ?? blocks).enumerated()
                .reduce(images.residualStem(options.stem ?? stem)) { x, stage in
                    x.sequence("layer\(stage.offset + 1)") { x in
                        (0..<stage.element).reduce(x) { x, index in
                            // The first block takes the stride.
                            let stride = stage.offset > 0 && index == 0 ? 2 : 1
                            return x.block(block, width: 64 << stage.offset, stride: stride, lastWeight: lastWeight)
                        }
                    }
                }
                .scores(head, pool: "avgpool") { $0.classified("fc", to: request.classes, head) }
        }
    }

    private static func d2l(_ request: ModelDescription.Request) -> Network {
        let blocks = request.options.blocks ?? [2, 2, 2, 2]
        return Network(request, initialization: .d2l) { images in
            return blocks.enumerated()
                .reduce(images.d2lStem) { x, stage in
                    x.sequence("b\(stage.offset + 2)") { x in
                        (0..<stage.element).reduce(x) { x, index in
                            let isNarrowing = stage.offset > 0 && index == 0
                            return x.plainResidual(width: 64 << stage.offset, isNarrowing: isNarrowing)
                        }
                    }
                }
                .sequence("last") { $0.adaptiveAveragePool(to: 1).flatten().linear(to: request.classes) }
        }
    }
}

extension Features {
    /// Appends the block of figure 5, left, in d2l's form: a projection is only a convolution.
    fileprivate func plainResidual(width: Int, isNarrowing: Bool) -> Features {
        scope { x in
            let stride = isNarrowing ? 2 : 1
            let residual =
                x
                .convolution("conv1", to: width, kernel: 3, stride: stride, padding: 1).batchNorm("bn1").relu()
                .convolution("conv2", to: width, kernel: 3, padding: 1).batchNorm("bn2")
            let shortcut = isNarrowing ? x.convolution("conv3", to: width, kernel: 1, stride: stride) : x
            return residual.add(shortcut).relu()
        }
    }

    fileprivate func residualStem(_ stem: Stem) -> Features {
        switch stem {
        case .imageNet:
            convolution("conv1", to: 64, kernel: 7, stride: 2, padding: 3, bias: false)
                .batchNorm("bn1").relu("relu").maxPool("maxpool", kernel: 3, stride: 2, padding: 1)
        case .cifar:
            convolution("conv1", to: 64, kernel: 3, padding: 1, bias: false).batchNorm("bn1").relu("relu")
        }
    }

    /// Figure 2: y = relu(F(x) + x). `lastWeight` is the initial weight of F's last batch norm.
    fileprivate func block(_ block: ResNet.Block, width: Int, stride: Int, lastWeight: Float) -> Features {
        scope { x in
            switch block {
            case .basic:
                x.basic(width: width, stride: stride, lastWeight: lastWeight)
                    .add(x.shortcut(to: width, stride: stride)).relu("relu")
            case .plain:
                x.basic(width: width, stride: stride, lastWeight: lastWeight).relu("relu")
            case .bottleneck(let groups, let groupWidth):
                x.bottleneck(
                    width: width * groupWidth / 64 * groups, outputs: 4 * width, stride: stride, groups: groups,
                    lastWeight: lastWeight
                )
                .add(x.shortcut(to: 4 * width, stride: stride)).relu("relu")
            }
        }
    }

    /// Figure 5, left.
    private func basic(width: Int, stride: Int, lastWeight: Float) -> Features {
        convolution("conv1", to: width, kernel: 3, stride: stride, padding: 1, bias: false)
            .batchNorm("bn1").relu("relu")
            .convolution("conv2", to: width, kernel: 3, padding: 1, bias: false)
            .batchNorm("bn2", initialWeight: lastWeight)
    }

    /// Figure 5, right.
    private func bottleneck(width: Int, outputs: Int, stride: Int, groups: Int, lastWeight: Float) -> Features {
        convolution("conv1", to: width, kernel: 1, bias: false)
            .batchNorm("bn1").relu("relu")
            .convolution("conv2", to: width, kernel: 3, stride: stride, padding: 1, groups: groups, bias: false)
            .batchNorm("bn2").relu("relu")
            .convolution("conv3", to: outputs, kernel: 1, bias: false)
            .batchNorm("bn3", initialWeight: lastWeight)
    }

    /// Returns the shortcut of equation 2: x itself where the shape stays, else a 1x1 projection of it.
    private func shortcut(to width: Int, stride: Int) -> Features {
        if stride == 1 && channels == width { return self }
        return sequence("downsample") {
            $0.convolution(to: width, kernel: 1, stride: stride, bias: false).batchNorm()
        }
    }
}
