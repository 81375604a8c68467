/// He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, arXiv:1512.03385.
///
/// Structure, names and initialisation as in torchvision: projections where the shape changes (option B), and
/// convolutions that begin as "Delving Deep into Rectifiers" (ICCV 2015) has it, by fan out.
package enum ResNet {
    /// The columns of table 1.
    package enum Depth: Int, Sendable {
        case eighteen = 18

        /// Blocks in conv2_x, conv3_x, conv4_x and conv5_x.
        var blocks: [Int] {
            switch self {
            case .eighteen: [2, 2, 2, 2]
            }
        }
    }

    package static func network(
        _ name: String, _ depth: Depth, stem: Stem = .imageNet, classes: Int = 1000, inputChannels: Int = 3
    ) -> Network {
        let kaiming = Initialization(convolutionWeight: .kaimingNormal(.fanOut))
        return Network(name, inputChannels: inputChannels, classes: classes, initialization: kaiming) { images in
            var x = images.residualStem(stem)
            for (stage, blocks) in depth.blocks.enumerated() {
                x = x.residualStage(
                    "layer\(stage + 1)", blocks: blocks, width: 64 << stage, stride: stage == 0 ? 1 : 2)
            }
            return x.adaptiveAveragePool("avgpool", to: 1).flatten().linear("fc", to: classes)
        }
    }
}

extension Features {
    fileprivate func residualStem(_ stem: Stem) -> Features {
        switch stem {
        case .imageNet:
            convolution("conv1", to: 64, kernel: 7, stride: 2, padding: 3, bias: false)
                .batchNorm("bn1").relu().maxPool(kernel: 3, stride: 2, padding: 1)
        case .cifar:
            convolution("conv1", to: 64, kernel: 3, padding: 1, bias: false).batchNorm("bn1").relu()
        }
    }

    /// Blocks of one resolution; the first takes the stride.
    fileprivate func residualStage(_ name: String, blocks: Int, width: Int, stride: Int) -> Features {
        sequence(name) { x in
            (0..<blocks).reduce(x) { x, block in x.basicBlock(width: width, stride: block == 0 ? stride : 1) }
        }
    }

    /// Figure 2: y = relu(F(x) + x), F two 3x3 convolutions.
    fileprivate func basicBlock(width: Int, stride: Int) -> Features {
        scope { x in
            let residual =
                x
                .convolution("conv1", to: width, kernel: 3, stride: stride, padding: 1, bias: false)
                .batchNorm("bn1").relu()
                .convolution("conv2", to: width, kernel: 3, padding: 1, bias: false)
                .batchNorm("bn2")
            return residual.add(x.shortcut(to: width, stride: stride)).relu()
        }
    }

    /// Equation 2: x itself where the shape stays, else a 1x1 projection of it.
    fileprivate func shortcut(to width: Int, stride: Int) -> Features {
        if stride == 1 && channels == width { return self }
        return sequence("downsample") {
            $0.convolution(to: width, kernel: 1, stride: stride, bias: false).batchNorm()
        }
    }
}
