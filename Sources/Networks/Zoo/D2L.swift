extension Initialization {
    /// The start of Dive into Deep Learning (Zhang, Lipton, Li & Smola, section 7.6), its `init_cnn`: weights of
    /// convolutions and linear layers by Glorot & Bengio, all else as PyTorch has it.
    static let d2l = Initialization(convolutionWeight: .xavierUniform, linearWeight: .xavierUniform)
}
