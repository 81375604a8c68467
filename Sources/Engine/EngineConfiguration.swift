package import Graphs
package import KernelInterface
internal import Kernels
internal import Tensors

/// The settings of an engine that do not follow from the graphs.
package struct EngineConfiguration: Sendable {
    package var backend: Backend
    /// The number of threads that compute, including the caller's.
    package var threads: Int
    /// Whether waiting threads may poll for some microseconds: not where the machine has more threads than cores.
    package var spins = true
    /// The number of virtual shards of this rank.
    package var shards: Int
    /// The most samples in a shard of a training batch.
    package var shardCapacity: Int
    /// The most samples in a batch of `evaluate`.
    package var evaluationCapacity: Int
    /// The seed of dropout.
    package var seed: UInt64
    /// Whether 3x3 convolutions are computed by Winograd: less than half the products, and different bits.
    package var usesWinograd = true
    /// The label smoothing: the share of each training target that is spread over all classes alike, in 0..<1.
    package var labelSmoothing = 0.0
    /// The weight of each class in training losses; nil for 1.
    package var classWeights: [Float]?
    /// The optimizer, on which the state kept from step to step depends.
    package var optimizer: any OptimizerRule = SGD(momentum: 0.9, weightDecay: 0)
    /// Whether averages of parameters and buffers over time are kept.
    package var keepsAverages = false
    /// The passes that rewrite graphs before they are planned; results do not depend on them.
    package var passes = Set(GraphPass.allCases)
    /// The kernels in place of the backend's own, for tests: those of an instruction set without a backend, or observed
    /// ones.
    package var kernels: KernelTable?
    /// Whether each tensor has addresses of its own, with a gap after it that nothing may touch (`Engine.poison`); for
    /// tests.
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

/// A sum of numbers over all ranks, in place; every rank ends with the same bits. The engine uses it for batch norms'
/// moments (forward) and their gradients (backward) with `--batch-norm sync`; nil keeps the moments local.
package typealias SumOverRanks = (inout MutableSpan<Double>) throws -> Void

/// A report during the backward pass that the first `finished` gradients are final, in the order of `withGradients` and
/// `lendGradients`. The computing thread calls it, and waits for its return.
package typealias GradientProgress = (_ finished: Int) -> Void

/// The sums over the samples of one step or one evaluation batch on this rank.
package struct Tally: Sendable {
    /// The sum of the samples' losses, weighted over all heads.
    package var lossSum: Double
    /// The number of samples whose highest logit is that of their label.
    package var correct: Int
    package var samples: Int

    package init(lossSum: Double = 0, correct: Int = 0, samples: Int = 0) {
        self.lossSum = lossSum
        self.correct = correct
        self.samples = samples
    }
}
