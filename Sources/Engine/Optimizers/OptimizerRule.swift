/// An optimizer: how parameters follow their gradients. One rule, one file.
package protocol OptimizerRule: Sendable {
    /// Names of the arenas that it keeps from step to step, with a number for each of a trainable parameter's.
    var state: [String] { get }

    /// Moves the parameters.
    func update(_ step: UpdateStep)
}
