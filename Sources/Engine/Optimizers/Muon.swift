internal import KernelInterface

/// Muon: weights as matrices, with a row for each output, move along Nesterov's momentum made orthogonal, with all
/// singular values near 1. The step of a matrix with more rows than columns is sqrt(rows / columns) times as long.
/// (Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024.) Other parameters move by SGD in
/// the same form.
package struct Muon: OptimizerRule, Equatable {
    package var momentum: Float
    package var nesterov: Bool
    /// The weight decay. For matrices it is taken off the weights directly; for parameters that SGD moves it is added
    /// to the gradient.
    package var weightDecay: Double
    /// The number of Newton-Schulz iterations.
    package var iterations: Int
    /// Whether each matrix is first scaled to a norm of the root of its number of rows, as in Jordan's "94% on CIFAR-10
    /// in 2.6 Seconds", 2024.
    package var normalises: Bool
    /// The prefixes of the names of matrices that SGD moves.
    package var sgdPrefixes: [String]
    package var sgdMomentum: Float
    /// SGD's learning rate, as a multiple of Muon's.
    package var sgdRate: Float

    package init(
        momentum: Float = 0.95, nesterov: Bool = true, weightDecay: Double = 0, iterations: Int = 5,
        normalises: Bool = false, sgdPrefixes: [String] = [], sgdMomentum: Float? = nil, sgdRate: Float = 1
    ) {
        self.momentum = momentum
        self.nesterov = nesterov
        self.weightDecay = weightDecay
        self.iterations = iterations
        self.normalises = normalises
        self.sgdPrefixes = sgdPrefixes
        self.sgdMomentum = sgdMomentum ?? momentum
        self.sgdRate = sgdRate
    }

    package var state: [String] { ["momentum"] }

    package func scratchFloats(matrices: [MatrixSize]) -> Int { matrices.map(Iteration.floats).max() ?? 0 }

    package func update(_ step: UpdateStep) {
        let arguments = SGDArguments(
            parameters: step.chunkedParameters, velocities: step.state("momentum"), momentum: sgdMomentum,
            nesterov: nesterov)
        step.setNumbers { parameter in
            isMatrix(parameter)
                ? .frozen
                : ChunkNumbers(
                    rate: step.learningRate * sgdRate * parameter.rate,
                    decay: Float(weightDecay * Double(parameter.decay)))
        }
        step.run(step.kernels.sgd, arguments)

        var directions = arguments
        directions.momentum = momentum
        step.setNumbers { isMatrix($0) ? ChunkNumbers(rate: 1, decay: 0) : .frozen }
        step.run(step.kernels.momentumDirection, directions)
        for parameter in step.optimizer.parameters where isMatrix(parameter) && parameter.rate != 0 {
            Iteration(step, parameter).run(iterations)
        }
        let norms = normalises ? step.norms(of: step.parameters) : []
        step.setNumbers { parameter in
            guard isMatrix(parameter), let size = parameter.matrix else { return .frozen }
            let rate = Double(step.learningRate * parameter.rate)
            var keep = 1 - rate * weightDecay * Double(parameter.decay)
            if normalises, norms[parameter.place] > 0 {
                keep *= Double(size.rows).squareRoot() / norms[parameter.place]
            }
            let stretch = max(1, Double(size.rows) / Double(size.columns)).squareRoot()
            return ChunkNumbers(rate: Float(rate * stretch), decay: 0, scale: Float(keep))
        }
        step.run(step.kernels.followDirection, step.chunkedParameters)
    }

    private func isMatrix(_ parameter: Optimizer.Parameter) -> Bool {
        parameter.matrix != nil && !sgdPrefixes.contains { parameter.name.hasPrefix($0) }
    }
}
