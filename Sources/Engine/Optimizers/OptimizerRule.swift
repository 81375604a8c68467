/// An optimizer: the rule by which parameters follow their gradients. One rule, one file.
package protocol OptimizerRule: Sendable {
    /// The names of the arenas kept from step to step, each with a number for each trainable parameter's number.
    var state: [String] { get }

    /// Returns the floats of an update's scratch memory, for weights of these sizes.
    func scratchFloats(matrices: [MatrixSize]) -> Int

    /// Moves the parameters.
    func update(_ step: UpdateStep)
}

extension OptimizerRule {
    package func scratchFloats(matrices: [MatrixSize]) -> Int { 0 }
}

/// The size of a convolution's or linear layer's weights as a matrix, with a row for each output.
package struct MatrixSize: Equatable, Sendable {
    package let rows: Int
    package let columns: Int
}
