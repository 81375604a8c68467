/// The lengths of a network's weights and gradients at an epoch's end, by groups of layers: a line of `metrics.jsonl`.
package struct NormsLine: Decodable, Hashable, Sendable {
    /// The lengths of the weights and gradients of one group: roots of sums of squares. JSON has null for what is not
    /// finite, which is read as not-a-number.
    package struct Group: Hashable, Sendable {
        package var name: String
        /// After the step.
        package var weights: Double
        /// The gradients of the step, summed over all ranks, before they are clipped.
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
