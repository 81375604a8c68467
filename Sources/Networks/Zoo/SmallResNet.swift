/// He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, arXiv:1512.03385, in the form in
/// which Keras users train it on images of 32 px: a stem of 2x2 with stride 2, blocks of convolution, ReLU and batch
/// norm in this order, max pools between the stages instead of strides, and a dense layer of 512 before the classifier.
///
/// Convolutions have biases, and all begins as Keras begins. `plain` networks are the same without shortcuts.
package enum SmallResNet {
    static let models = [
        variant("resnet34_keras", isBottleneck: false, hasShortcuts: true),
        variant("resnet50_keras", isBottleneck: true, hasShortcuts: true),
        variant("plain34_keras", isBottleneck: false, hasShortcuts: false),
        variant("plain50_keras", isBottleneck: true, hasShortcuts: false),
    ]

    private static let paper = "He, Zhang, Ren & Sun, Deep Residual Learning for Image Recognition, CVPR 2016"

    private static func variant(_ name: String, isBottleneck: Bool, hasShortcuts: Bool) -> ModelDescription {
        ModelDescription(name, paper: paper, imageSize: 32, classes: 10, options: [.blocks]) { request in
            let blocks = request.options.blocks ?? [3, 4, 6, 3]
            return Network(request, initialization: .keras) { images in
                let stem = images.unit("conv1", "bn1", to: 64, kernel: 2, stride: 2)
                return blocks.enumerated()
                    .reduce(stem) { x, stage in
                        let pooled = stage.offset == 0 ? x : x.maxPool("pool\(stage.offset)", kernel: 2)
                        return pooled.sequence("layer\(stage.offset + 1)") { x in
                            (0..<stage.element).reduce(x) { x, _ in
                                x.block(64 << stage.offset, isBottleneck: isBottleneck, hasShortcut: hasShortcuts)
                            }
                        }
                    }
                    .adaptiveAveragePool("avgpool", to: 1).flatten()
                    .linear("dense", to: 512).relu().linear("fc", to: request.classes)
            }
        }
    }
}

extension Features {
    fileprivate func block(_ width: Int, isBottleneck: Bool, hasShortcut: Bool) -> Features {
        scope { x in
            let outputs = isBottleneck ? 4 * width : width
            let residual =
                isBottleneck
                ? x.unit("conv1", "bn1", to: width, kernel: 1)
                    .unit("conv2", "bn2", to: width, kernel: 3, padding: 1)
                    .unit("conv3", "bn3", to: outputs, kernel: 1)
                : x.unit("conv1", "bn1", to: width, kernel: 3, padding: 1)
                    .unit("conv2", "bn2", to: outputs, kernel: 3, padding: 1)
            guard hasShortcut else { return residual }
            return residual.add(x.channels == outputs ? x : x.convolution("shortcut", to: outputs, kernel: 1)).relu()
        }
    }

    /// Convolution, ReLU, batch norm.
    fileprivate func unit(
        _ convolution: String, _ norm: String, to outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0
    ) -> Features {
        self.convolution(convolution, to: outputs, kernel: kernel, stride: stride, padding: padding)
            .relu().kerasNorm(norm)
    }
}
