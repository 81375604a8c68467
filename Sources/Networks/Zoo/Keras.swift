extension Initialization {
    /// Keras's defaults: weights by Glorot & Bengio, biases 0.
    static let keras = Initialization(
        convolutionWeight: .xavierUniform, convolutionBias: .constant(0), linearWeight: .xavierUniform,
        linearBias: .constant(0))
}

extension Features {
    /// Batch normalisation with Keras's defaults. Keras's momentum 0.99 is the share of the old moments that remains,
    /// PyTorch's that of the new.
    func kerasNorm(_ name: String? = nil) -> Features { batchNorm(name, epsilon: 1e-3, momentum: 0.01) }
}
