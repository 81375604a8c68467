import Networks
import Tensors

extension Layer {
    /// Returns the parameters and buffers of this layer in the order of its state_dict, for an input of shape `x`
    /// (flattened for a linear layer).
    func parameters(for x: Shape) -> [ParameterSpecification] {
        switch operation {
        case .convolution(let convolution):
            weightAndBias(
                shape: [
                    convolution.outputs, x.channels / convolution.groups, convolution.kernel, convolution.kernel,
                ],
                role: .convolutionWeight, weight: convolution.weight, bias: convolution.bias,
                learnsWeight: convolution.learnsWeight)
        case .linear(let linear):
            weightAndBias(
                shape: [linear.outputs, x.count], role: .linearWeight, weight: linear.weight, bias: linear.bias)
        case .batchNorm(let norm):
            [
                parameter(
                    "weight", [x.channels], .normWeight, .constant(norm.initialWeight), learns: norm.learnsWeight),
                parameter("bias", [x.channels], .normBias, .constant(0)),
                parameter("running_mean", [x.channels], .runningMean, .constant(0)),
                parameter("running_var", [x.channels], .runningVariance, .constant(1)),
                parameter("num_batches_tracked", [], .batchesTracked, .constant(0)),
            ]
        default: []
        }
    }

    private func weightAndBias(
        shape: [Int], role: ParameterSpecification.Role, weight: InitialRule, bias: InitialRule?,
        learnsWeight: Bool = true
    ) -> [ParameterSpecification] {
        let weight = parameter("weight", shape, role, weight.values(weightShape: shape), learns: learnsWeight)
        guard let bias else { return [weight] }
        return [weight, parameter("bias", [shape[0]], .bias, bias.values(weightShape: shape))]
    }

    private func parameter(
        _ leaf: String, _ shape: [Int], _ role: ParameterSpecification.Role, _ initialValues: InitialValues,
        learns: Bool = true
    ) -> ParameterSpecification {
        ParameterSpecification(
            name: "\(name).\(leaf)", shape: shape, role: role, initialValues: initialValues, learns: learns)
    }
}

extension Initializer {
    /// Returns a parameter's initial values, in torch's layout.
    package func values(of parameter: ParameterSpecification) -> [Float] {
        values(parameter.initialValues, of: parameter.name, shape: parameter.shape)
    }
}
