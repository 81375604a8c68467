import Engine
package import Graphs
package import Tensors

/// The time of training steps on one rank, by kind of operation and by layer.
///
/// All times are of one step: calls are added up step by step, and of these sums the median is taken.
package struct Profile: Sendable {
    /// The limits of a machine, on all threads of a rank.
    package struct Limits: Sendable {
        /// Floating-point operations a second.
        package let peak: Double
        /// Bytes a second between memory and registers.
        package let bandwidth: Double
    }

    /// The cost of some of a step's calls.
    package struct Cost: Sendable {
        package let calls: Int
        package let seconds: Double
        package let work: Work
        /// The least seconds for the work, summed node by node, with peak or bandwidth as the only limit.
        package let leastSeconds: Double

        package var gflopsPerSecond: Double { rate(work.operations) }
        package var gigabytesPerSecond: Double { rate(work.bytes) }
        /// The fraction of the roofline; above 1 where data that the work counts as moved stays in the caches.
        package var fractionOfRoofline: Double { seconds > 0 ? leastSeconds / seconds : 0 }

        private func rate(_ count: Int) -> Double { seconds > 0 ? Double(count) / seconds / 1e9 : 0 }
    }

    /// All calls of one kind of operation.
    package struct Kind: Sendable {
        package let kind: OperationKind
        package let cost: Cost
        /// The kernels that computed it, the slowest first: `KernelTable`'s names, and `sgemm`, `all-reduce`, `load`,
        /// `sum` for work of the calling thread.
        package let kernels: [(name: String, cost: Cost)]
    }

    /// One layer, or one of several operations in it.
    package struct Layer: Sendable {
        package let name: String
        /// The operation and its window, such as `convolution 3x3/2`.
        package let operation: String
        package let output: Shape
        /// The costs of the layer, by the passes in which the step computes it.
        package let passes: [Pass: Cost]
    }

    package let limits: Limits
    /// The number of steps that the medians are taken over.
    package let steps: Int
    package let stepSeconds: Double
    /// The kinds of operations, the slowest first.
    package let kinds: [Kind]
    /// The layers in the order of the forward pass.
    package let layers: [Layer]
    /// The seconds of a step outside its calls: waiting for other ranks, and the overhead between calls.
    package let otherSeconds: Double

    package init(_ recording: StepRecording, limits: Limits) {
        let calls = recording.steps.first?.calls ?? []
        let nodes = recording.nodes
        let sums = Sums(recording: recording, limits: limits)
        let kernels = sums.costs { KernelKey(kind: nodes[calls[$0].node].kind, name: calls[$0].name) }
        kinds = sums.costs { nodes[calls[$0].node].kind }.map { kind, cost in
            let own = kernels.filter { $0.key.kind == kind }.map { (name: $0.key.name, cost: $0.cost) }
            return Kind(kind: kind, cost: cost, kernels: own.sorted { $0.cost.seconds > $1.cost.seconds })
        }.sorted { $0.cost.seconds > $1.cost.seconds }
        let passes = sums.costs {
            PassKey(layer: LayerKey(nodes[calls[$0].node]), pass: nodes[calls[$0].node].kind.pass)
        }
        let byLayer = Dictionary(grouping: passes) { $0.key.layer }
        layers = Self.layerOrder(nodes).compactMap { key, node in
            guard let own = byLayer[key], node.kind.pass != .update, !node.layer.isEmpty else { return nil }
            return Layer(
                name: node.layer,
                operation: [node.kind.family, node.window].filter { !$0.isEmpty }.joined(separator: " "),
                output: node.output, passes: Dictionary(uniqueKeysWithValues: own.map { ($0.key.pass, $0.cost) }))
        }
        self.limits = limits
        steps = recording.steps.count
        stepSeconds = median(recording.steps.map { $0.end - $0.start })
        otherSeconds = median(
            recording.steps.map { step in step.end - step.start - step.calls.reduce(0) { $0 + $1.seconds } })
    }

    /// Returns each layer once, with the first node of it.
    private static func layerOrder(_ nodes: [ProfiledNode]) -> [(LayerKey, ProfiledNode)] {
        var seen: Set<LayerKey> = []
        return nodes.compactMap { node in
            let key = LayerKey(node)
            return seen.insert(key).inserted ? (key, node) : nil
        }
    }
}

private struct KernelKey: Hashable {
    let kind: OperationKind
    let name: String
}

private struct LayerKey: Hashable {
    let layer: String
    let family: String

    init(_ node: ProfiledNode) {
        layer = node.layer
        family = node.kind.family
    }
}

private struct PassKey: Hashable {
    let layer: LayerKey
    let pass: Pass
}

/// Adds up the calls of a recording that have a key in common.
private struct Sums {
    let recording: StepRecording
    let limits: Profile.Limits

    /// The groups of calls with the same key, in the order of their first calls.
    ///
    /// A node whose calls fall into several groups counts its work in each.
    func costs<Key: Hashable>(_ key: (_ call: Int) -> Key) -> [(key: Key, cost: Profile.Cost)] {
        let calls = recording.steps.first?.calls ?? []
        var order: [Key] = []
        var groups: [Key: [Int]] = [:]
        for index in calls.indices {
            let key = key(index)
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append(index)
        }
        return order.map { key in
            let members = groups[key] ?? []
            let seconds = median(
                recording.steps.map { step in members.reduce(0) { $0 + step.calls[$1].seconds } })
            let works = Set(members.map { calls[$0].node }).map { recording.nodes[$0].work }
            let least = works.reduce(0) { $0 + $1.leastSeconds(peak: limits.peak, bandwidth: limits.bandwidth) }
            return (
                key,
                Profile.Cost(
                    calls: members.count, seconds: seconds, work: works.reduce(Work(), +), leastSeconds: least)
            )
        }
    }
}
