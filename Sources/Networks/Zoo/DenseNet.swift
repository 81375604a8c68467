/// Huang, Liu, van der Maaten & Weinberger, "Densely Connected Convolutional Networks", CVPR 2017, arXiv:1608.06993:
/// DenseNet-BC.
///
/// Structure, names and initialisation as in torchvision: a bottleneck of 4k channels and compression by half (section
/// 3), convolutions that begin Kaiming-normal by fan in, and a classifier whose bias begins at 0.
package enum DenseNet {
    /// The columns of table 1.
    package enum Depth: Int, Sendable {
        case oneHundredTwentyOne = 121

        /// Layers in each dense block.
        var layers: [Int] {
            switch self {
            case .oneHundredTwentyOne: [6, 12, 24, 16]
            }
        }
    }

    /// - Parameter growthRate: k, the channels that each dense layer adds.
    package static func network(
        _ name: String, _ depth: Depth, growthRate: Int = 32, stem: Stem = .imageNet, classes: Int = 1000,
        inputChannels: Int = 3
    ) -> Network {
        let kaiming = Initialization(convolutionWeight: .kaimingNormal(.fanIn), linearBias: .constant(0))
        return Network(name, inputChannels: inputChannels, classes: classes, initialization: kaiming) { images in
            let features = images.scope("features") { images in
                var x = images.denseStem(stem, outputs: 2 * growthRate)
                for (index, layers) in depth.layers.enumerated() {
                    if index > 0 { x = x.transition("transition\(index)") }
                    x = x.denseBlock("denseblock\(index + 1)", layers: layers, growthRate: growthRate)
                }
                return x.batchNorm("norm5")
            }
            return features.relu().adaptiveAveragePool(to: 1).flatten().linear("classifier", to: classes)
        }
    }
}

extension Features {
    fileprivate func denseStem(_ stem: Stem, outputs: Int) -> Features {
        switch stem {
        case .imageNet:
            convolution("conv0", to: outputs, kernel: 7, stride: 2, padding: 3, bias: false)
                .batchNorm("norm0").relu("relu0").maxPool("pool0", kernel: 3, stride: 2, padding: 1)
        case .cifar:
            // No norm of its own: the first dense layer begins with one. (Section 3, implementation details.)
            convolution("conv0", to: outputs, kernel: 3, padding: 1, bias: false)
        }
    }

    /// Equation 2: every layer reads all before it. The chain of concatenations is what they read; each begins with the
    /// one before.
    fileprivate func denseBlock(_ name: String, layers: Int, growthRate: Int) -> Features {
        scope(name) { x in
            (1...layers).reduce(x) { x, layer in
                x.concatenate(x.denseLayer("denselayer\(layer)", growthRate: growthRate))
            }
        }
    }

    /// BN-ReLU-Conv(1x1)-BN-ReLU-Conv(3x3): k new channels from all before.
    fileprivate func denseLayer(_ name: String, growthRate: Int) -> Features {
        scope(name) {
            $0
                .batchNorm("norm1").relu("relu1").convolution("conv1", to: 4 * growthRate, kernel: 1, bias: false)
                .batchNorm("norm2").relu("relu2")
                .convolution("conv2", to: growthRate, kernel: 3, padding: 1, bias: false)
        }
    }

    /// Between blocks: half the channels, half the resolution.
    fileprivate func transition(_ name: String) -> Features {
        scope(name) {
            $0
                .batchNorm("norm").relu("relu").convolution("conv", to: channels / 2, kernel: 1, bias: false)
                .averagePool("pool", kernel: 2)
        }
    }
}
