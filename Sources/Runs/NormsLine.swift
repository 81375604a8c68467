/// The norms of a network's weights and gradients at an epoch's end, by groups of layers: a line of `metrics.jsonl`.
package struct NormsLine: Decodable, Hashable, Sendable {
    /// The norms of one group's weights and gradients: roots of sums of squares. A null in JSON stands for a number
    /// that is not finite, and is read as NaN.
    package struct Group: Hashable, Sendable {
        package var name: String
        /// The norm of the weights after the step.
        package var weights: Double
        /// The norm of the step's gradients, summed over all ranks, before clipping.
        package var gradients: Double

        package init(name: String, weights: Double, gradients: Double) {
            self.name = name
            self.weights = weights
            self.gradients = gradients
        }
    }

    package var epoch: Int
    package var step: Int
    package var groups: [Group]

    package init(epoch: Int, step: Int, groups: [Group]) {
        self.epoch = epoch
        self.step = step
        self.groups = groups
    }

    package static let kind = "norms"

    package var json: String {
        var line = JSONLine()
        line.add("kind", Self.kind)
        line.add("epoch", epoch)
        line.add("step", step)
        let objects = groups.map { group in
            var object = JSONLine()
            object.add("name", group.name)
            object.add("weights", group.weights)
            object.add("gradients", group.gradients)
            return object.text
        }
        line.add("groups", json: "[\(objects.joined(separator: ", "))]")
        return line.text
    }
}

extension NormsLine.Group: Decodable {
    private enum Key: CodingKey { case name, weights, gradients }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        name = try values.decode(String.self, forKey: .name)
        weights = try values.decodeIfPresent(Double.self, forKey: .weights) ?? .nan
        gradients = try values.decodeIfPresent(Double.self, forKey: .gradients) ?? .nan
    }
}
