extension Initialization {
    /// What Keras does where a model says nothing: weights by Glorot & Bengio, biases 0.
    static let keras = Initialization(
        convolutionWeight: .xavierUniform, convolutionBias: .constant(0), linearWeight: .xavierUniform,
        linearBias: .constant(0))
}

extension Features {
    /// Batch normalisation with Keras's defaults; its momentum 0.99 is what remains of the old, PyTorch's what enters.
    func kerasNorm(_ name: String? = nil) -> Features { batchNorm(name, epsilon: 1e-3, momentum: 0.01) }
}
