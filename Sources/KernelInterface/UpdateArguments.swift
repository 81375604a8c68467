/// A chunk of the flat parameter arena: what a task of an optimizer's kernel moves.
package struct ParameterChunk: BitwiseCopyable {
    package let offset: Int
    package let count: Int
    package var numbers = ChunkNumbers.frozen

    package init(offset: Int, count: Int) {
        self.offset = offset
        self.count = count
    }
}

/// The numbers of an update that may differ from parameter to parameter.
package struct ChunkNumbers: BitwiseCopyable {
    /// The learning rate; 0 leaves the parameter and all that is remembered of it as it is.
    package var rate: Float
    /// What decays of a weight.
    package var decay: Float
    /// Multiplies what goes into the velocity.
    package var scale: Float

    package init(rate: Float, decay: Float, scale: Float = 1) {
        self.rate = rate
        self.decay = decay
        self.scale = scale
    }

    package static let frozen = ChunkNumbers(rate: 0, decay: 0)
}

/// Stochastic gradient descent with momentum over flat parameters. One task a chunk.
package struct SGDArguments: BitwiseCopyable {
    package var parameters: UnsafeMutablePointer<Float>
    package var gradients: UnsafeMutablePointer<Float>
    package var velocities: UnsafeMutablePointer<Float>
    package var chunks: UnsafePointer<ParameterChunk>
    package var momentum: Float
    package var nesterov: Bool

    package init(
        parameters: UnsafeMutablePointer<Float>, gradients: UnsafeMutablePointer<Float>,
        velocities: UnsafeMutablePointer<Float>, chunks: UnsafePointer<ParameterChunk>, momentum: Float,
        nesterov: Bool
    ) {
        self.parameters = parameters
        self.gradients = gradients
        self.velocities = velocities
        self.chunks = chunks
        self.momentum = momentum
        self.nesterov = nesterov
    }
}
