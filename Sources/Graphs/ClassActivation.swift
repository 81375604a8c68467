package import Tensors

/// The place in a network from which class activation maps are read.
///
/// It is there in networks that end in an average over all pixels of their last map and a linear layer: the logit of a
/// class is the average over pixels of the map's channels, weighted by the class's row of the layer. The part of a
/// pixel in it shows how much that place speaks for the class. (Zhou, Khosla, Lapedriza, Oliva & Torralba, "Learning
/// Deep Features for Discriminative Localization", CVPR 2016, section 2.) Where the last map already has a channel for
/// each class, that channel is the map.
package struct ClassActivation: Hashable, Sendable {
    /// The last map before the average.
    package let map: ValueID
    /// The weight of the linear layer, [classes, channels]; nil where the map has a channel for each class.
    package let weight: ParameterID?
    package let shape: Shape

    /// - Returns: nil for a network that ends otherwise.
    package init?(of graph: Graph) {
        var writers: [ValueID: Node] = [:]
        for node in graph.nodes { if let output = node.output { writers[output] = node } }
        /// Returns the node that computes a value, skipping nodes that only scale it.
        func writer(of value: ValueID) -> Node? {
            guard let node = writers[value] else { return nil }
            switch node.operation {
            // A score that is multiplied with a number above 0 comes from the same places.
            case .scale(let factor) where factor > 0: return writer(of: node.inputs[0])
            case .dropout: return writer(of: node.inputs[0])
            default: return node
            }
        }
        guard var last = writer(of: graph.logits) else { return nil }
        var weight: ParameterID?
        if case .convolution(let convolution) = last.operation {
            guard convolution.isPointwise, graph[last.inputs[0]].shape.pixels == 1, last.activation == nil,
                let pool = writer(of: last.inputs[0])
            else { return nil }
            weight = convolution.weight
            last = pool
        }
        guard let source = last.inputs.first, let output = last.output, graph[output].shape.pixels == 1 else {
            return nil
        }
        let shape = graph[source].shape
        switch last.operation {
        case .adaptiveAveragePool: break
        case .averagePool(let pooling)
        where pooling.padding == 0 && pooling.kernel == shape.height && pooling.kernel == shape.width:
            break
        default: return nil
        }
        (map, self.weight, self.shape) = (source, weight, shape)
    }
}
