import Tensors

extension Graph {
    /// reluGradient(x, maxPoolGradient(x, y, dy)) -> maxPoolGradient(x, y, dy) with a mask as its epilogue, which
    /// follows from whether the maximum lies within the activation's bounds. The same for average pools whose windows
    /// cover their map and do not overlap, with any activation.
    func fusingPoolingActivations() -> Graph {
        fusingActivationGradients { node, activation, activated in
            guard node.addend == nil, let output = node.output else { return false }
            switch node.operation {
            case .maxPoolGradient: return activation.isClamp && node.inputs[0] == activated
            case .averagePoolGradient(let pooling):
                let shape = self[output].shape
                return pooling.kernel == pooling.stride && pooling.padding == 0
                    && shape.height % pooling.kernel == 0 && shape.width % pooling.kernel == 0
            default: return false
            }
        }
    }
}
