/// Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke & Rabinovich, "Going Deeper with Convolutions", CVPR
/// 2015, arXiv:1409.4842. Two auxiliary heads train with it, weighing 0.3 each; evaluation drops them.
///
/// `googlenet` has torchvision's structure, names and initialisation: batch norm behind each convolution, 3x3 in the
/// branch called 5x5, weights of deviation 0.01; the option `transform_input` is torchvision's too. `googlenet_lrn` is
/// the paper's: local response normalisation around the second stage, true 5x5 convolutions, dropout at 0.4; weights
/// begin as in the authors' Caffe model. Where the paper averages 7x7 or 5x5 pixels of maps whose size it knows, both
/// adapt the window to the map. `googlenet_d2l` is that of Dive into Deep Learning (section 8.4), which trains it on
/// images of one channel and 96 px: the paper's without normalisation, auxiliary heads and dropout, weights
/// Xavier-uniform.
package enum GoogLeNet {
    static let models = [
        ModelDescription(
            "googlenet", paper: paper, imageSize: 224, classes: 1000, options: [.dropout, .head, .transformInput]
        ) {
            network($0, .batchNorm)
        },
        ModelDescription("googlenet_lrn", paper: paper, imageSize: 224, classes: 1000, options: [.dropout, .head]) {
            network($0, .paper)
        },
        ModelDescription("googlenet_d2l", paper: paper, imageSize: 96, classes: 10, channels: 1, build: d2l),
    ]

    private static let paper = "Szegedy et al., Going Deeper with Convolutions, CVPR 2015"

    fileprivate enum Form {
        case batchNorm, paper

        var initialization: Initialization {
            switch self {
            // torchvision cuts the normal distribution off at 2 = 200 deviations, which never occurs.
            case .batchNorm:
                Initialization(convolutionWeight: .normal(deviation: 0.01), linearWeight: .normal(deviation: 0.01))
            case .paper:
                Initialization(
                    convolutionWeight: .lecunUniform, convolutionBias: .constant(0.2), linearWeight: .lecunUniform,
                    linearBias: .constant(0))
            }
        }
    }

    /// Table 1.
    private static func network(_ request: ModelDescription.Request, _ form: Form) -> Network {
        let head = request.options.head ?? .linear
        return Network(request, initialization: form.initialization) { images in
            let x = images.inceptionStem(form)
                .inception("inception3a", form, 64, (96, 128), (16, 32), 32)
                .inception("inception3b", form, 128, (128, 192), (32, 96), 64)
                .maxPool("maxpool3", kernel: 3, stride: 2, ceilMode: true)
            let x4a = x.inception("inception4a", form, 192, (96, 208), (16, 48), 64)
            let x4d =
                x4a
                .inception("inception4b", form, 160, (112, 224), (24, 64), 64)
                .inception("inception4c", form, 128, (128, 256), (24, 64), 64)
                .inception("inception4d", form, 112, (144, 288), (32, 64), 64)
            let x5b =
                x4d
                .inception("inception4e", form, 256, (160, 320), (32, 128), 128)
                .maxPool("maxpool4", kernel: form == .paper ? 3 : 2, stride: 2, ceilMode: true)
                .inception("inception5a", form, 256, (160, 320), (32, 128), 128)
                .inception("inception5b", form, 384, (192, 384), (48, 128), 128)
            x4a.inceptionHead("aux1", form, classes: request.classes).auxiliaryHead(weight: 0.3)
            x4d.inceptionHead("aux2", form, classes: request.classes).auxiliaryHead(weight: 0.3)
            return x5b.scores(head, pool: "avgpool") {
                $0.dropout("dropout", rate: form == .paper ? 0.4 : 0.2).classified("fc", to: request.classes, head)
            }
        }
    }

    /// Builds the network of table 1, stage by stage as in d2l's `nn.Sequential`.
    private static func d2l(_ request: ModelDescription.Request) -> Network {
        Network(request, initialization: .d2l) { images in
            images.sequence("") {
                $0
                    .sequence { $0.convolution(to: 64, kernel: 7, stride: 2, padding: 3).relu().halvingPool() }
                    .sequence {
                        $0
                            .convolution(to: 64, kernel: 1).relu()
                            .convolution(to: 192, kernel: 3, padding: 1).relu().halvingPool()
                    }
                    .sequence {
                        $0
                            .plainInception(64, (96, 128), (16, 32), 32)
                            .plainInception(128, (128, 192), (32, 96), 64).halvingPool()
                    }
                    .sequence {
                        $0
                            .plainInception(192, (96, 208), (16, 48), 64)
                            .plainInception(160, (112, 224), (24, 64), 64)
                            .plainInception(128, (128, 256), (24, 64), 64)
                            .plainInception(112, (144, 288), (32, 64), 64)
                            .plainInception(256, (160, 320), (32, 128), 128).halvingPool()
                    }
                    .sequence {
                        $0
                            .plainInception(256, (160, 320), (32, 128), 128)
                            .plainInception(384, (192, 384), (48, 128), 128)
                            .adaptiveAveragePool(to: 1).flatten()
                    }
                    .linear(to: request.classes)
            }
        }
    }
}

extension Features {
    fileprivate func halvingPool() -> Features { maxPool(kernel: 3, stride: 2, padding: 1) }

    /// Figure 2b with d2l's names.
    fileprivate func plainInception(
        _ one: Int, _ three: (Int, Int), _ five: (Int, Int), _ pooled: Int
    ) -> Features {
        scope { x in
            x.convolution("b1_1", to: one, kernel: 1).relu().concatenate(
                x.convolution("b2_1", to: three.0, kernel: 1).relu()
                    .convolution("b2_2", to: three.1, kernel: 3, padding: 1).relu(),
                x.convolution("b3_1", to: five.0, kernel: 1).relu()
                    .convolution("b3_2", to: five.1, kernel: 5, padding: 2).relu(),
                x.maxPool("b4_1", kernel: 3, stride: 1, padding: 1)
                    .convolution("b4_2", to: pooled, kernel: 1).relu())
        }
    }
}

extension Features {
    /// Appends the first two stages: an eighth of the resolution.
    fileprivate func inceptionStem(_ form: GoogLeNet.Form) -> Features {
        unit(form, "conv1", to: 64, kernel: 7, stride: 2, padding: 3)
            .maxPool("maxpool1", kernel: 3, stride: 2, ceilMode: true)
            .responseNorm("norm1", form)
            .unit(form, "conv2", to: 64)
            .unit(form, "conv3", to: 192, kernel: 3, padding: 1)
            .responseNorm("norm2", form)
            .maxPool("maxpool2", kernel: 3, stride: 2, ceilMode: true)
    }

    /// Appends the inception block of figure 2b: four branches over a map, concatenated. The two numbers of a tuple are
    /// the outputs of a 1x1 reduction and of the convolution after it.
    fileprivate func inception(
        _ name: String, _ form: GoogLeNet.Form, _ one: Int, _ three: (Int, Int), _ five: (Int, Int), _ pooled: Int
    ) -> Features {
        let kernel = form == .paper ? 5 : 3
        return scope(name) { x in
            x.unit(form, "branch1", to: one).concatenate(
                x.sequence("branch2") {
                    $0.unit(form, to: three.0).unit(form, to: three.1, kernel: 3, padding: 1)
                },
                x.sequence("branch3") {
                    $0.unit(form, to: five.0).unit(form, to: five.1, kernel: kernel, padding: kernel / 2)
                },
                x.sequence("branch4") {
                    $0.maxPool(kernel: 3, stride: 1, padding: 1, ceilMode: true).unit(form, to: pooled)
                })
        }
    }

    /// Section 5: a classifier in the middle, so that gradients reach the lower half.
    fileprivate func inceptionHead(_ name: String, _ form: GoogLeNet.Form, classes: Int) -> Features {
        scope(name) {
            $0
                .adaptiveAveragePool(to: 4).unit(form, "conv", to: 128).flatten()
                .linear("fc1", to: 1024).relu().dropout("dropout", rate: 0.7).linear("fc2", to: classes)
        }
    }

    /// Appends a convolution and its ReLU, with batch norm between or without.
    fileprivate func unit(
        _ form: GoogLeNet.Form, _ name: String? = nil, to outputs: Int, kernel: Int = 1, stride: Int = 1,
        padding: Int = 0
    ) -> Features {
        scope(name) { x in
            switch form {
            case .batchNorm:
                x.convolution("conv", to: outputs, kernel: kernel, stride: stride, padding: padding, bias: false)
                    .batchNorm("bn", epsilon: 1e-3).relu()
            case .paper:
                x.convolution("conv", to: outputs, kernel: kernel, stride: stride, padding: padding).relu()
            }
        }
    }

    /// Local response normalisation, at the places of figure 3's LocalRespNorm; none in a network with batch norm.
    fileprivate func responseNorm(_ name: String, _ form: GoogLeNet.Form) -> Features {
        form == .paper ? localResponseNormalization(name, size: 5, alpha: 1e-4, beta: 0.75, k: 1) : self
    }
}
