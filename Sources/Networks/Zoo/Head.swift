extension Features {
    /// Appends a head: `classify`, which has `classes` outputs, after a global average (`.linear`) or before it.
    ///
    /// - Parameter pool: The name of the pool where torch has a module of it.
    func scores(_ form: HeadForm, pool: String? = nil, classify: (Features) -> Features) -> Features {
        switch form {
        case .linear: classify(adaptiveAveragePool(pool, to: 1).flatten())
        case .conv1x1: classify(self).adaptiveAveragePool(pool, to: 1).flatten()
        }
    }

    /// Appends the layer that computes the logits of `outputs` classes: of a vector, or of each pixel of a map.
    func classified(_ name: String? = nil, to outputs: Int, _ form: HeadForm) -> Features {
        switch form {
        case .linear: linear(name, to: outputs)
        case .conv1x1: pixelwiseLinear(name, to: outputs)
        }
    }
}
