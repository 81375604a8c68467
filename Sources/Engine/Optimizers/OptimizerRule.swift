/// An optimizer: how parameters follow their gradients. One rule, one file.
package protocol OptimizerRule: Sendable {
    /// Names of the arenas that it keeps from step to step, with a number for each of a trainable parameter's.
    var state: [String] { get }

    /// Floats of memory that an update takes and leaves nothing in, for weights of these sizes.
    func scratchFloats(matrices: [MatrixSize]) -> Int

    /// Moves the parameters.
    func update(_ step: UpdateStep)
}

extension OptimizerRule {
    package func scratchFloats(matrices: [MatrixSize]) -> Int { 0 }
}

/// The size of a convolution's or linear layer's weights as a matrix: an output a row.
package struct MatrixSize: Equatable, Sendable {
    package let rows: Int
    package let columns: Int
}
