package import Graphs
internal import KernelInterface
internal import Kernels
package import Tensors

/// Runs a network: owns its parameters and their gradients, and compiled plans for training and evaluation.
///
/// One owner at a time; it starts threads of its own. A training step reads a batch and leaves gradients; nobody else's memory
/// is involved until `update`.
package final class Engine {
    /// Parameters and buffers in canonical order; `ParameterID.index` indexes this list.
    package let parameters: [ParameterSpecification]
    /// How many training batches the running statistics have seen.
    package var batchesTracked = 0
    package let configuration: EngineConfiguration
    /// Bytes for weights, gradients, optimizer state and running statistics.
    package let parameterBytes: Int
    /// Bytes of activations and their gradients: the arena that both plans share.
    package let activationBytes: Int
    /// Bytes of images, scratch memory and what else the plans hold.
    package let planBytes: Int

    let pool: ThreadPool
    /// What computes products; nil for our own kernels.
    let openBLAS: OpenBLAS?
    let arena: ParameterArena
    var weights: AlignedBuffer<Float>
    var gradients: AlignedBuffer<Float>
    var velocities: AlignedBuffer<Float>
    /// Of all parameters and buffers over time; empty where they are not kept.
    var averages: AlignedBuffer<Float>
    /// Between steps nobody's: no step reads what another has left there.
    let activations: AlignedBuffer<Float>
    let training: Compiled?
    private let evaluation: Compiled
    private let optimizer: Optimizer
    /// The plan of the last run and its samples: where `logits` looks.
    private var lastRun: (compiled: Compiled, batch: [Int])?

    /// Compiles the graphs.
    ///
    /// - Parameter training: nil for evaluation only.
    /// - Throws: as for a layout.
    package convenience init(training: Graph?, evaluation: Graph, configuration: EngineConfiguration) throws {
        try self.init(EngineLayout(training: training, evaluation: evaluation, configuration: configuration))
    }

    /// Reserves memory, starts threads and compiles the graphs.
    ///
    /// - Throws: `EngineError.unsupported` when the CPU lacks what the backend needs, `.noOpenBLAS` when that cannot be
    ///   loaded, `MemoryError` or `ThreadError` when the system refuses memory or threads.
    package init(_ layout: EngineLayout) throws {
        let configuration = layout.configuration
        let instructionSet = configuration.backend.instructionSet
        guard instructionSet.isSupported else {
            throw EngineError.unsupported(
                backend: configuration.backend.rawValue, needs: instructionSet.requirement,
                available: Backend.supported.map(\.rawValue))
        }
        var openBLAS = configuration.backend == .openblas ? try OpenBLAS.loaded() : nil
        openBLAS?.threads = configuration.threads
        let arena = layout.arena
        let trainableCount = layout.training == nil ? 0 : arena.trainableCount
        let weights = try AlignedBuffer<Float>(count: arena.count)
        let gradients = try AlignedBuffer<Float>(count: trainableCount)
        let velocities = try AlignedBuffer<Float>(count: trainableCount)
        let activations = try AlignedBuffer<Float>(count: layout.activationCount)
        let averages = try AlignedBuffer<Float>(count: 0)
        let shared = SharedMemory(
            kernels: instructionSet.kernels, openBLAS: openBLAS, configuration: configuration, arena: arena,
            weights: weights.baseAddress, gradients: gradients.baseAddress, activations: activations.baseAddress)
        var training: Compiled?
        if let graph = layout.training, let plan = layout.trainingPlan {
            training = try Compiled(
                graph, plan, shared, shards: configuration.shards, capacity: configuration.shardCapacity)
        }
        let evaluation = try Compiled(
            layout.evaluation, layout.evaluationPlan, shared, shards: 1, capacity: configuration.evaluationCapacity)
        let pool = try ThreadPool(threads: configuration.threads, spins: configuration.spins)
        self.configuration = configuration
        self.parameters = layout.parameters
        self.pool = pool
        self.openBLAS = openBLAS
        self.arena = arena
        self.training = training
        self.evaluation = evaluation
        self.optimizer = Optimizer(
            kernels: instructionSet.kernels, graph: layout.training ?? layout.evaluation, arena: arena,
            weights: weights.baseAddress, gradients: gradients.baseAddress, velocities: velocities.baseAddress)
        self.parameterBytes = layout.parameterBytes
        self.activationBytes = layout.activationBytes
        self.planBytes = (training?.bytes ?? 0) + evaluation.bytes
        self.weights = weights
        self.gradients = gradients
        self.velocities = velocities
        self.averages = averages
        self.activations = activations
    }

    // MARK: Steps

    /// One forward and backward pass. Afterwards this rank's part of the gradient of the global batch's mean loss stands ready.
    ///
    /// - Parameters:
    ///   - batch: this rank's samples, at most `shardCapacity` in each of its `shards`.
    ///   - globalSamples: samples of the batch over all ranks.
    ///   - step: counts optimizer steps; dropout's draws depend on it.
    ///   - exchange: sums batch-norm moments over ranks; nil takes this rank's alone.
    ///   - momentSamples: samples that the exchanged moments are of; nil for all of the batch.
    ///   - lossDivisor: what the sum of losses is divided by; nil for `globalSamples`.
    ///   - progress: told of gradients that are final while others are yet to come.
    /// - Throws: `EngineError` for a batch that does not fit, or what `exchange` throws.
    package func train(
        _ batch: Batch, globalSamples: Int, step: Int, exchange: StatisticsExchange?, momentSamples: Int? = nil,
        lossDivisor: Double? = nil, progress: GradientProgress? = nil
    ) throws -> Tally {
        try train(
            batch, globalSamples: globalSamples, step: step, exchange: exchange, momentSamples: momentSamples,
            lossDivisor: lossDivisor, progress: progress, clock: nil)
    }

    /// As above, with a clock that is told of each instruction.
    func train(
        _ batch: Batch, globalSamples: Int, step: Int, exchange: StatisticsExchange?, momentSamples: Int? = nil,
        lossDivisor: Double? = nil, progress: GradientProgress?, clock: StepClock?
    ) throws -> Tally {
        guard let training else { throw EngineError.notTraining }
        try training.load(batch, shardSizes: batch.shardSizes, on: pool)
        training.state.pointee.seed = configuration.seed
        training.state.pointee.step = UInt64(step)
        training.state.pointee.lossScale = lossDivisor.map { Float(1 / $0) } ?? 1 / Float(globalSamples)
        training.state.pointee.normSamples = Double(exchange == nil ? batch.count : momentSamples ?? globalSamples)
        try training.plan.run(on: pool, exchange: exchange, progress: progress, clock: clock)
        batchesTracked += 1
        lastRun = (training, batch.shardSizes)
        return training.tally(batch)
    }

    /// One forward pass with running statistics and without dropout, of at most `evaluationCapacity` samples.
    package func evaluate(_ batch: Batch) throws -> Tally {
        try evaluation.load(batch, shardSizes: [batch.count], on: pool)
        try evaluation.plan.run(on: pool, exchange: nil)
        lastRun = (evaluation, [batch.count])
        return evaluation.tally(batch)
    }

    /// Class scores of the last run's samples, sample after sample, in the order of its batch.
    package func logits() -> [Float] {
        guard let lastRun else { return [] }
        return lastRun.compiled.logits(shardSizes: lastRun.batch)
    }

    /// One step of the optimizer along the gradients.
    package func update(_ step: SGDStep) { optimizer.update(step, on: pool) }

    /// Begins a step of the optimizer that `advanceUpdate` takes, as gradients become final.
    ///
    /// - Parameter keepsWeights: whether `takeBackUpdate` may be asked for.
    package func beginUpdate(_ step: SGDStep, keepsWeights: Bool) { optimizer.begin(step, keepsWeights: keepsWeights) }

    /// Moves the parameters all of whose gradients are among the first `final`, which nobody reads or writes any more.
    ///
    /// - Returns: false once any of the gradients is infinite or not a number: then nothing more is moved.
    package func advanceUpdate(to final: Int) -> Bool { optimizer.advance(to: final, on: pool) }

    /// Gives parameters the values from before the step that was begun last, to the bit. Gradients and the optimizer's state are lost.
    package func takeBackUpdate() { optimizer.takeBack(on: pool) }

    /// Multiplies the learning rate of one trainable parameter from now on. 0 freezes it: no gradient, decay or momentum moves it.
    package func setRateMultiplier(_ multiplier: Float, of id: ParameterID) {
        optimizer.setRateMultiplier(multiplier, of: id)
    }

    // MARK: Parameters

    /// A parameter in torch's layout. `batchesTracked` is a property of the engine instead.
    package func values(of id: ParameterID) -> [Float] {
        arena.read(id, count: parameters[id.index].count, from: weights.baseAddress)
    }

    package func setValues(of id: ParameterID, to values: [Float]) {
        precondition(
            values.count == parameters[id.index].count,
            "\(values.count) values for \(parameters[id.index].name), which has \(parameters[id.index].count)")
        arena.write(values, of: id, to: weights.baseAddress)
    }

    /// Gives all parameters and buffers but `batchesTracked` the values that `values` makes of them, on all threads.
    ///
    /// - Parameter values: in torch's layout; called from several threads at once.
    package func setValues(_ values: @escaping @Sendable (ParameterSpecification) -> [Float]) {
        let indices = parameters.indices.filter { parameters[$0].role != .batchesTracked }
        // It stays put until the pool is done, and no two tasks write to the same parameter.
        nonisolated(unsafe) let target = weights.baseAddress
        pool.run(indices.count, UnsafeRawPointer(target)) { [arena, parameters] _, task, _ in
            arena.write(values(parameters[indices[task]]), of: ParameterID(index: indices[task]), to: target)
        }
    }

    /// A trainable parameter's gradient in torch's layout.
    package func gradient(of id: ParameterID) -> [Float] {
        arena.read(id, count: parameters[id.index].count, from: gradients.baseAddress)
    }

    /// The optimizer's velocity of a trainable parameter, in torch's layout.
    package func momentum(of id: ParameterID) -> [Float] {
        arena.read(id, count: parameters[id.index].count, from: velocities.baseAddress)
    }

    package func setMomentum(of id: ParameterID, to values: [Float]) {
        arena.write(values, of: id, to: velocities.baseAddress)
    }

    /// All gradients, in the order in which the backward pass finishes them and in the engine's own layout.
    package func withGradients<Result>(_ body: (inout MutableSpan<Float>) throws -> Result) rethrows -> Result {
        try gradients.withMutableSpan(body)
    }

    /// The same memory, for a thread that sums what `train` has told it to be final.
    package func lendGradients() -> LentMemory<Float> {
        LentMemory(gradients.baseAddress, count: gradients.count, owner: self)
    }

    /// All parameters and running statistics, in the engine's own layout: the same on every rank.
    package func withParameters<Result>(_ body: (inout MutableSpan<Float>) throws -> Result) rethrows -> Result {
        try weights.withMutableSpan(body)
    }

    /// Where each parameter, and each buffer where asked for, lies in `withParameters`.
    package func storage(includingBuffers: Bool) -> [(name: String, range: Range<Int>)] {
        parameters.enumerated().compactMap { index, parameter in
            guard parameter.isTrainable || includingBuffers && parameter.role != .batchesTracked else { return nil }
            let entry = arena.entries[index]
            return (parameter.name, entry.offset..<entry.offset + entry.storage)
        }
    }

    /// The optimizer's state, in the engine's own layout.
    package func withMomentum<Result>(_ body: (inout MutableSpan<Float>) throws -> Result) rethrows -> Result {
        try velocities.withMutableSpan(body)
    }

    /// All running statistics, in the engine's own layout.
    package func withRunningStatistics(_ body: (inout MutableSpan<Float>) throws -> Void) rethrows {
        let buffer = UnsafeMutableBufferPointer(
            start: weights.baseAddress + arena.trainableCount, count: arena.count - arena.trainableCount)
        var statistics = buffer.mutableSpan
        try body(&statistics)
    }

    package static func supports(_ backend: Backend) -> Bool { backend.isSupported }
}
