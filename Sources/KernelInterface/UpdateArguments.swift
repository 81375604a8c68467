/// A chunk of the flat parameter arena, which one task of an optimizer's kernel updates.
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
    /// The learning rate.
    package var rate: Float
    /// The share of a weight that is added to its gradient.
    package var decay: Float
    /// A factor whose meaning depends on the optimizer: the share of a gradient that enters SGD's velocity, the share
    /// of a weight that a step keeps, or the factor of LAMB's directions.
    package var scale: Float

    /// Whether the parameter and its optimizer state stay as they are.
    package var isFrozen = false

    package init(rate: Float, decay: Float, scale: Float = 1) {
        self.rate = rate
        self.decay = decay
        self.scale = scale
    }

    package static var frozen: ChunkNumbers {
        var numbers = ChunkNumbers(rate: 0, decay: 0)
        numbers.isFrozen = true
        return numbers
    }
}

/// Flat parameters with their gradients, or with directions in the place of those. One task a chunk.
package struct ChunkedParameters: BitwiseCopyable {
    package var values: UnsafeMutablePointer<Float>
    package var gradients: UnsafeMutablePointer<Float>
    package var chunks: UnsafePointer<ParameterChunk>

    package init(
        values: UnsafeMutablePointer<Float>, gradients: UnsafeMutablePointer<Float>,
        chunks: UnsafePointer<ParameterChunk>
    ) {
        self.values = values
        self.gradients = gradients
        self.chunks = chunks
    }
}

/// Stochastic gradient descent with momentum over flat parameters. One task a chunk.
package struct SGDArguments: BitwiseCopyable {
    package var parameters: ChunkedParameters
    package var velocities: UnsafeMutablePointer<Float>
    package var momentum: Float
    package var nesterov: Bool

    package init(
        parameters: ChunkedParameters, velocities: UnsafeMutablePointer<Float>, momentum: Float, nesterov: Bool
    ) {
        self.parameters = parameters
        self.velocities = velocities
        self.momentum = momentum
        self.nesterov = nesterov
    }
}

/// Adam and LAMB over flat parameters: the means of gradients and of their squares, and the steps computed from them.
/// One task a chunk.
package struct AdamArguments: BitwiseCopyable {
    package var parameters: ChunkedParameters
    package var means: UnsafeMutablePointer<Float>
    package var squares: UnsafeMutablePointer<Float>
    /// 1 - beta1
    package var newShare: Float
    /// beta2 and 1 - beta2
    package var oldSquares: Float
    package var newSquares: Float
    /// The bias correction of the squares' mean: sqrt(1 - beta2^t).
    package var root: Float
    package var epsilon: Float

    package init(
        parameters: ChunkedParameters, means: UnsafeMutablePointer<Float>, squares: UnsafeMutablePointer<Float>,
        newShare: Float, oldSquares: Float, newSquares: Float, root: Float, epsilon: Float
    ) {
        self.parameters = parameters
        self.means = means
        self.squares = squares
        self.newShare = newShare
        self.oldSquares = oldSquares
        self.newSquares = newSquares
        self.root = root
        self.epsilon = epsilon
    }
}

/// RMSprop over flat parameters. One task a chunk.
package struct RMSpropArguments: BitwiseCopyable {
    package var parameters: ChunkedParameters
    package var squares: UnsafeMutablePointer<Float>
    /// The velocities; nil without momentum.
    package var velocities: UnsafeMutablePointer<Float>?
    /// Shares of the mean of squares so far and of the new square.
    package var old: Float
    package var new: Float
    package var epsilon: Float
    package var momentum: Float

    package init(
        parameters: ChunkedParameters, squares: UnsafeMutablePointer<Float>, velocities: UnsafeMutablePointer<Float>?,
        old: Float, new: Float, epsilon: Float, momentum: Float
    ) {
        self.parameters = parameters
        self.squares = squares
        self.velocities = velocities
        self.old = old
        self.new = new
        self.epsilon = epsilon
        self.momentum = momentum
    }
}

/// Products and transpositions of matrices in panels of 32 columns, [columns/32][rows][32], padded to multiples of 32.
/// One task a square of 32 x 32.
package struct MatrixArguments: BitwiseCopyable {
    /// rows x steps
    package var a: UnsafePointer<Float>
    /// steps x columns
    package var b: UnsafePointer<Float>
    /// rows x columns; of a transposition steps x rows
    package var c: UnsafeMutablePointer<Float>
    /// A matrix of c's shape.
    package var addend: UnsafePointer<Float>?
    package var productScale: Float
    package var addendScale: Float
    package var rows: Int
    package var steps: Int
    /// The batch-reduce GEMM elements, one for each 32 steps: their offsets in a and b.
    package var elements: UnsafePointer<ReduceElement>

    package init(
        a: UnsafePointer<Float>, b: UnsafePointer<Float>, c: UnsafeMutablePointer<Float>,
        addend: UnsafePointer<Float>?, productScale: Float, addendScale: Float, rows: Int, steps: Int,
        elements: UnsafePointer<ReduceElement>
    ) {
        self.a = a
        self.b = b
        self.c = c
        self.addend = addend
        self.productScale = productScale
        self.addendScale = addendScale
        self.rows = rows
        self.steps = steps
        self.elements = elements
    }
}
