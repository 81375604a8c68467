internal import Compiler
package import Graphs
internal import Kernels
package import Tensors

/// One instruction that a training step ran.
package struct TimedCall: Sendable {
    /// The node that the call belongs to: an index into `Engine.trainingNodes(samples:)`.
    package let node: Int
    /// The kernel's name in `KernelTable`; `sgemm` for OpenBLAS's products, `all-reduce` for sums of batch norms'
    /// moments over ranks.
    package let name: String
    /// Seconds on the clock of `monotonicSeconds`.
    package let start: Double
    package let seconds: Double

    package init(node: Int, name: String, start: Double, seconds: Double) {
        self.node = node
        self.name = name
        self.start = start
        self.seconds = seconds
    }
}

/// A node of the training graph for profiles.
package struct ProfiledNode: Sendable {
    /// The layer's name in the network.
    package let layer: String
    package let kind: OperationKind
    /// The window, such as `3x3/2`; empty for operations without one.
    package let window: String
    /// The shape of the layer's output for one sample, also for nodes that compute its gradients.
    package let output: Shape
    /// The work of the node for the batch; none where the plan needs no call for it, as for tensors that are in place
    /// already.
    package let work: Work

    package init(layer: String, kind: OperationKind, window: String = "", output: Shape, work: Work) {
        self.layer = layer
        self.kind = kind
        self.window = window
        self.output = output
        self.work = work
    }
}

extension Engine {
    /// Trains as `train` does, to the bit, and reads the clock after each call.
    ///
    /// - Returns: the tally, and all calls in order. The first starts when the batch is loaded.
    package func profile(
        _ batch: Batch, globalSamples: Int, step: Int, sumOverRanks: SumOverRanks?, progress: GradientProgress? = nil
    ) throws -> (tally: Tally, calls: [TimedCall]) {
        let clock = StepClock()
        let tally = try train(
            batch, globalSamples: globalSamples, step: step, sumOverRanks: sumOverRanks, progress: progress,
            clock: clock)
        let moments = clock.moments
        let calls = (training?.plan.origins ?? []).enumerated().map { index, origin in
            TimedCall(
                node: origin.node, name: origin.name, start: moments[index],
                seconds: moments[index + 1] - moments[index])
        }
        return (tally, calls)
    }

    /// Returns the nodes of a training step of `samples` on this rank, in order; empty for an engine that only
    /// evaluates.
    package func trainingNodes(samples: Int) -> [ProfiledNode] {
        guard let training else { return [] }
        let graph = training.graph
        let isCalled = Set(training.plan.origins.map(\.node))
        return zip(graph.nodes, graph.kinds).enumerated().map { index, pair in
            let (node, kind) = pair
            return ProfiledNode(
                layer: node.layer, kind: kind, window: graph.window(of: node),
                output: graph.layerOutput(of: node, pass: kind.pass),
                work: isCalled.contains(index) ? graph.work(of: node, samples: samples) : Work())
        }
    }

    /// The work of `update`.
    package var updateWork: Work { training?.graph.optimizerWork ?? Work() }
}
