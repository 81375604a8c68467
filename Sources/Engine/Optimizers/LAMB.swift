internal import KernelInterface

/// LAMB: Adam's direction with decay, u = m / (sqrt(v) + epsilon) + weightDecay * w of bias-corrected means, at a rate
/// in proportion to |w| / |u|. (You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes",
/// 2020, algorithm 2.)
///
/// Parameters without weight decay, and those of norm 0, use the rate itself.
package struct LAMB: OptimizerRule, Equatable {
    package var betas: Betas
    package var epsilon: Double
    package var trust: Double
    package var weightDecay: Double

    package init(betas: Betas = Betas(), epsilon: Double = 1e-6, trust: Double = 1, weightDecay: Double) {
        self.betas = betas
        self.epsilon = epsilon
        self.trust = trust
        self.weightDecay = weightDecay
    }

    package var state: [String] { Betas.state }

    package func update(_ step: UpdateStep) {
        let arguments = betas.arguments(step, epsilon: epsilon)
        let scale = Float(1 / betas.correction(count: step.count))
        step.setNumbers { parameter in
            ChunkNumbers(rate: 1, decay: Float(weightDecay * Double(parameter.decay)), scale: scale)
        }
        step.run(step.kernels.lambDirection, arguments)
        let weights = step.norms(of: step.parameters)
        let directions = step.norms(of: step.gradients)
        step.setNumbers { parameter in
            let (weight, direction) = (weights[parameter.place], directions[parameter.place])
            let isAdapted = parameter.decay > 0 && weight > 0 && direction > 0
            let ratio = isAdapted ? trust * weight / direction : 1
            return ChunkNumbers(rate: Float(Double(step.learningRate * parameter.rate) * ratio), decay: 0)
        }
        step.run(step.kernels.followDirection, step.chunkedParameters)
    }
}
