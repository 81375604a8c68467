/// The lengths of a network's weights and gradients at an epoch's end, by groups of layers: a line of `metrics.jsonl`.
package struct NormsLine: Hashable, Sendable {
    /// The lengths of the weights and gradients of one group: roots of sums of squares.
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
