internal import Compiler
package import Graphs
internal import KernelInterface
internal import Kernels
package import Tensors

/// A network's parameters and gradients, and its compiled plans for training and evaluation.
///
/// One thread at a time may use it; the engine starts threads of its own. A training step reads a batch and leaves
/// gradients, which `update` applies.
package final class Engine {
    /// Parameters and buffers in canonical order; `ParameterID.index` indexes this list.
    package let parameters: [ParameterSpecification]
    /// The number of training batches that have entered the running statistics.
    package var batchesTracked = 0
    /// The number of updates since the optimizer's state began.
    package var updates = 0
    package let configuration: EngineConfiguration
    /// Bytes for weights, gradients, optimizer state and running statistics.
    package let parameterBytes: Int
    /// Bytes of activations and their gradients: the arena that all plans share.
    package let activationBytes: Int
    /// Bytes of images, scratch memory and all other memory of the plans.
    package let planBytes: Int

    let pool: ThreadPool
    /// The library that computes products; nil for our own kernels.
    let openBLAS: OpenBLAS?
    let arena: ParameterArena
    /// The arenas of the state; values come first.
    let state: [StateArena]
    /// Parameters and buffers themselves: the first arena of the state.
    let weights: StateArena
    var gradients: AlignedBuffer<Float>
    /// The memory of activations. No step reads numbers of another step there.
    let activations: AlignedBuffer<Float>
    /// The gaps between the training plan's tensors, for one sample.
    let trainingGaps: [Range<Int>]?
    /// The plan that `train` runs.
    private(set) var training: LoadedPlan?
    /// The training plans, one for each size of images.
    private let trainings: [LoadedPlan]
    private let evaluation: LoadedPlan
    let optimizer: Optimizer
    /// The last plan that ran: `logits` reads its memory.
    private var lastRun: LoadedPlan?

    /// Compiles the graphs.
    ///
    /// - Parameter training: nil for an engine that only evaluates.
    /// - Throws: the errors of the other initialiser.
    package convenience init(training: Graph?, evaluation: Graph, configuration: EngineConfiguration) throws {
        try self.init(EngineLayout(training: training, evaluation: evaluation, configuration: configuration))
    }

    /// Reserves memory, starts threads and compiles the graphs.
    ///
    /// - Throws: `EngineError.unsupported` when the CPU lacks what the backend needs, `.noOpenBLAS` when OpenBLAS
    ///   cannot be loaded, `MemoryError` or `ThreadError` when the system refuses memory or threads.
    package init(_ layout: EngineLayout) throws {
        let configuration = layout.configuration
        let instructionSet = configuration.backend.instructionSet
        guard instructionSet.isSupported else {
            throw EngineError.unsupported(
                backend: configuration.backend.rawValue, needs: instructionSet.requirement,
                available: Backend.supported.map(\.rawValue))
        }
        let openBLAS = try Self.openBLAS(for: configuration)
        let arena = layout.arena
        let trainableCount = layout.training == nil ? 0 : arena.trainableCount
        let state = try layout.state.map { try StateArena($0) }
        let weights = state[0]
        let gradients = try AlignedBuffer<Float>(count: trainableCount)
        let activations = try AlignedBuffer<Float>(count: layout.activationCount)
        let shared = PlanContext(
            kernels: configuration.kernelTable, algorithms: configuration.algorithms(openBLAS),
            threads: configuration.threads, parameters: arena, weights: weights.baseAddress,
            gradients: gradients.baseAddress, activations: activations.baseAddress)
        let trainings = try layout.trainings.map { sized in
            var shared = shared
            shared.parameters = sized.arena
            return try LoadedPlan(sized.graph, sized.plan, shared, configuration)
        }
        let evaluation = try LoadedPlan(layout.evaluation, layout.evaluationPlan, shared, configuration)
        let pool = try ThreadPool(threads: configuration.threads, spins: configuration.spins)
        self.configuration = configuration
        self.parameters = layout.parameters
        self.pool = pool
        self.openBLAS = openBLAS
        self.arena = arena
        self.training = trainings.first
        self.trainings = trainings
        self.trainingGaps = layout.training?.plan.gaps
        self.evaluation = evaluation
        self.optimizer = try Optimizer(
            graph: layout.training?.graph ?? layout.evaluation, arena: arena, scratchFloats: layout.updateFloats)
        self.parameterBytes = layout.parameterBytes
        self.activationBytes = layout.activationBytes
        self.planBytes = trainings.reduce(evaluation.bytes) { $0 + $1.bytes }
        self.state = state
        self.weights = weights
        self.gradients = gradients
        self.activations = activations
    }

    // MARK: Steps

    /// Makes `train` take images of `pixels` a side from now on. The layout must have a training graph of that size.
    package func trainOnImages(ofSize pixels: Int) {
        guard let sized = trainings.first(where: { $0.imageSize == pixels }) else {
            preconditionFailure("no plan for images of \(pixels) pixels a side")
        }
        training = sized
    }

    /// Runs one forward and backward pass. Afterwards `gradients` holds this rank's part of the gradient of the global
    /// batch's mean loss.
    ///
    /// - Parameters:
    ///   - batch: this rank's samples, at most `shardCapacity` in each of its `shards`.
    ///   - globalSamples: samples of the batch over all ranks.
    ///   - step: the number of the optimizer step, on which dropout's draws depend.
    ///   - sumOverRanks: sums batch norms' moments over ranks; nil takes this rank's alone.
    ///   - momentSamples: the number of samples in the moments summed over ranks; nil for all of the batch.
    ///   - lossDivisor: the divisor of the sum of losses; nil for `globalSamples`.
    ///   - progress: called with the number of gradients that are final while others are yet to come.
    /// - Throws: `EngineError` for a batch that does not fit, or the errors of `sumOverRanks`.
    package func train(
        _ batch: Batch, globalSamples: Int, step: Int, sumOverRanks: SumOverRanks?, momentSamples: Int? = nil,
        lossDivisor: Double? = nil, progress: GradientProgress? = nil
    ) throws -> Tally {
        try train(
            batch, globalSamples: globalSamples, step: step, sumOverRanks: sumOverRanks, momentSamples: momentSamples,
            lossDivisor: lossDivisor, progress: progress, clock: nil)
    }

    /// Runs one forward and backward pass, and reads `clock` after each instruction.
    func train(
        _ batch: Batch, globalSamples: Int, step: Int, sumOverRanks: SumOverRanks?, momentSamples: Int? = nil,
        lossDivisor: Double? = nil, progress: GradientProgress?, clock: StepClock?
    ) throws -> Tally {
        guard let training else { throw EngineError.notTraining }
        try training.load(batch, shardSizes: batch.shardSizes, on: pool)
        training.state.pointee.seed = configuration.seed
        training.state.pointee.step = UInt64(step)
        training.state.pointee.lossScale = lossDivisor.map { Float(1 / $0) } ?? 1 / Float(globalSamples)
        training.state.pointee.normSamples = Double(sumOverRanks == nil ? batch.count : momentSamples ?? globalSamples)
        try training.plan.run(on: pool, sumOverRanks: sumOverRanks, progress: progress, clock: clock)
        batchesTracked += 1
        lastRun = training
        return training.tally()
    }

    /// Runs one forward pass of at most `evaluationCapacity` samples, with running statistics and without dropout.
    package func evaluate(_ batch: Batch) throws -> Tally {
        try evaluation.load(batch, shardSizes: [batch.count], on: pool)
        try evaluation.plan.run(on: pool, sumOverRanks: nil)
        lastRun = evaluation
        return evaluation.tally()
    }

    /// Returns the logits of the last run's samples, sample after sample, in the order of its batch.
    package func logits() -> [Float] { lastRun?.logits() ?? [] }

    /// Calls `body` with the outcome of each sample of the last run of `evaluate`, in the order of its batch.
    package func forEachOutcome(_ body: (SampleOutcome) -> Void) { evaluation.forEachOutcome(body) }

    /// Returns a value that the last run's graph keeps, sample after sample in the order of the batch, each height x
    /// width x channels; an empty array where the graph does not keep it.
    package func values(of value: ValueID) -> [Float] { lastRun?.values(of: value) ?? [] }

    // MARK: Parameters

    /// Returns a parameter in torch's layout. `batchesTracked` is a property of the engine instead.
    package func values(of id: ParameterID) -> [Float] { values(of: id, in: .values) }

    package func setValues(of id: ParameterID, to values: [Float]) { setValues(of: id, in: .values, to: values) }

    /// Sets all parameters and buffers but `batchesTracked` to the values that `values` returns, on all threads.
    ///
    /// - Parameter values: in torch's layout; called from several threads at once.
    package func setValues(_ values: @escaping @Sendable (ParameterSpecification) -> [Float]) {
        let indices = parameters.indices.filter { parameters[$0].role != .batchesTracked }
        // The memory stays in place until the pool is done, and no two tasks write to the same parameter.
        nonisolated(unsafe) let target = weights.baseAddress
        pool.run(indices.count, UnsafeRawPointer(target)) { [arena, parameters] _, task, _ in
            arena.write(values(parameters[indices[task]]), of: ParameterID(index: indices[task]), to: target)
        }
    }

    /// Returns a trainable parameter's gradient in torch's layout.
    package func gradient(of id: ParameterID) -> [Float] {
        arena.read(id, count: parameters[id.index].count, from: gradients.baseAddress)
    }

    /// Calls `body` with all gradients, in the engine's own layout and in the order in which the backward pass finishes
    /// them.
    package func withGradients<Result>(_ body: (inout MutableSpan<Float>) throws -> Result) rethrows -> Result {
        try gradients.withMutableSpan(body)
    }

    /// Lends the gradients' memory to a thread that sums the gradients that `train` has reported as final.
    package func lendGradients() -> LentMemory<Float> {
        LentMemory(gradients.baseAddress, count: gradients.count, owner: self)
    }

    /// Calls `body` with all running statistics, in the engine's own layout.
    package func withRunningStatistics(_ body: (inout MutableSpan<Float>) throws -> Void) rethrows {
        let buffer = UnsafeMutableBufferPointer(
            start: weights.baseAddress + arena.trainableCount, count: arena.count - arena.trainableCount)
        var statistics = buffer.mutableSpan
        try body(&statistics)
    }
}
