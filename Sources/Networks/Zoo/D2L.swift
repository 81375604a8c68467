extension Initialization {
    /// The initialisation of Dive into Deep Learning (Zhang, Lipton, Li & Smola, section 7.6), its `init_cnn`: weights
    /// of convolutions and linear layers by Glorot & Bengio, all else as in PyTorch.
    static let d2l = Initialization(convolutionWeight: .xavierUniform, linearWeight: .xavierUniform)
}

extension Features {
    /// The first layers that the book's ResNet and DenseNet share: [N, C, H, W] to [N, 64, H/4, W/4].
    var d2lStem: Features {
        sequence("0") {
            $0
                .convolution(to: 64, kernel: 7, stride: 2, padding: 3).batchNorm().relu()
                .maxPool(kernel: 3, stride: 2, padding: 1)
        }
    }
}
