import Collectives
import Engine
import Graphs
import Kernels
import Tensors

/// The calls of timed steps on one rank, one by one.
package struct StepRecording: Sendable {
    /// One step; its times are on the clock of `monotonicSeconds`.
    struct Step: Sendable {
        let start: Double
        let end: Double
        /// The calls in the order in which they ran; the same calls in every step.
        let calls: [TimedCall]
        /// The sums of gradients that another thread computed meanwhile.
        let communication: [GradientSum.Timing]
    }

    /// The nodes that the calls belong to: `TimedCall.node` indexes this list.
    let nodes: [ProfiledNode]
    private(set) var steps: [Step] = []

    private let load: Int
    private let sum: Int
    private let update: Int

    /// - Parameter batch: this rank's part of the batch of each step.
    init(_ engine: Engine, batch: Batch) {
        self.init(
            nodes: engine.trainingNodes(samples: batch.count),
            load: Work(bytes: 2 * MemoryLayout<Float>.stride * batch.count * batch.images.sampleCount),
            update: engine.updateWork)
    }

    /// - Parameters:
    ///   - nodes: the nodes that the engine's calls belong to.
    ///   - load: the work of copying the images.
    ///   - update: the work of the optimizer's step.
    init(nodes: [ProfiledNode], load: Work, update: Work) {
        self.load = nodes.count
        sum = nodes.count + 1
        self.update = nodes.count + 2
        let around = [
            ("batch loading", .forward, load), ("sum of gradients", .update, Work()),
            ("optimizer", Pass.update, update),
        ]
        self.nodes =
            nodes
            + around.map { family, pass, work in
                ProfiledNode(
                    layer: "", kind: OperationKind(family: family, pass: pass), output: Shape(features: 0), work: work)
            }
    }

    /// Adds a step from the timestamps between its parts.
    ///
    /// - Parameters:
    ///   - summed: when the last sum of gradients was complete, and the optimizer began.
    ///   - updated: when the optimizer was done.
    mutating func append(
        start: Double, calls: [TimedCall], trained: Double, summed: Double, updated: Double, end: Double,
        communication: [GradientSum.Timing] = []
    ) {
        let loaded = calls.first?.start ?? trained
        let load = TimedCall(node: load, name: "load", start: start, seconds: loaded - start)
        let around = [
            TimedCall(node: sum, name: "sum", start: trained, seconds: summed - trained),
            TimedCall(node: update, name: "sgd", start: summed, seconds: updated - summed),
        ]
        steps.append(Step(start: start, end: end, calls: [load] + calls + around, communication: communication))
    }
}

/// Returns the median of the values; of two middle ones their mean.
package func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}
