package import Graphs
package import KernelInterface
internal import Kernels
internal import Tensors

/// The settings of an engine that do not follow from the graphs.
package struct EngineConfiguration: Sendable {
    package var backend: Backend
    /// Threads that compute, the caller's included.
    package var threads: Int
    /// Whether waiting threads may burn their core for some microseconds: not when the machine has more threads than
    /// cores.
    package var spins = true
    /// The virtual shards this rank owns.
    package var shards: Int
    /// The most samples a shard of a training batch has.
    package var shardCapacity: Int
    /// The most samples `evaluate` is given at once.
    package var evaluationCapacity: Int
    /// Seeds dropout.
    package var seed: UInt64
    /// Whether convolutions of 3x3 are computed by Winograd: less than half the products, other bits.
    package var usesWinograd = true
    /// The share of each training target that all classes have alike, in 0..<1.
    package var labelSmoothing = 0.0
    /// The weight of each class in training losses; nil for 1.
    package var classWeights: [Float]?
    /// The optimizer that it is trained with: what is remembered from step to step follows from it.
    package var optimizer: any OptimizerRule = SGD(momentum: 0.9, weightDecay: 0)
    /// Whether averages of parameters and buffers over time are kept.
    package var keepsAverages = false
    /// The passes that rewrite graphs before they are planned: no result depends on them.
    package var passes = Set(GraphPass.allCases)
    /// The kernels in place of the backend's own, for tests: those of an instruction set that no backend has, or
    /// watched ones.
    package var kernels: KernelTable?
    /// Whether tensors have addresses of their own, with space between them that nobody may touch (`Engine.poison`);
    /// for tests.
    package var spreadsTensors = false

    /// The kernels that an engine computes with.
    var kernelTable: KernelTable { kernels ?? backend.instructionSet.kernels }

    /// The shards of the batches that graphs of a purpose take, and the most samples of each.
    func batches(for purpose: Graph.Purpose) -> (shards: Int, capacity: Int) {
        purpose == .training ? (shards, shardCapacity) : (1, evaluationCapacity)
    }

    package init(
        backend: Backend, threads: Int, shards: Int, shardCapacity: Int, evaluationCapacity: Int, seed: UInt64
    ) {
        self.backend = backend
        self.threads = threads
        self.shards = shards
        self.shardCapacity = shardCapacity
        self.evaluationCapacity = evaluationCapacity
        self.seed = seed
    }
}

/// Sums numbers over all ranks, in place; every rank ends with the same bits. The engine calls it for batch-norm
/// moments (forward) and their gradients (backward) of `--batch-norm sync`; nil keeps the moments local.
package typealias StatisticsExchange = (inout MutableSpan<Double>) throws -> Void

/// Reports during the backward pass that the first so many gradients are final: those of `withGradients` and
/// `lendGradients`, counted from the start. Called by the thread that computes, which waits meanwhile.
package typealias GradientProgress = (_ finished: Int) -> Void

/// The sums over the samples of one step or one evaluation batch on this rank.
package struct Tally: Sendable {
    /// The sum of the samples' losses, all heads weighed in.
    package var lossSum: Double
    /// Samples whose highest logit is their label's.
    package var correct: Int
    package var samples: Int

    package init(lossSum: Double = 0, correct: Int = 0, samples: Int = 0) {
        self.lossSum = lossSum
        self.correct = correct
        self.samples = samples
    }
}
