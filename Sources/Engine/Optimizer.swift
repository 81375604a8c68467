internal import Graphs
internal import KernelInterface
internal import Kernels
internal import Synchronization

/// Stochastic gradient descent over the flat arenas, in one pass that may follow gradients as they become final.
final class Optimizer {
    private let kernel: Kernel<SGDArguments>
    private let arguments: UnsafeMutablePointer<SGDArguments>
    /// In the arena's order.
    private let chunks: UnsafeMutablePointer<ParameterChunk>
    /// The parameter that each chunk is of.
    private let owners: [ParameterID]
    /// Chunks whose weights this step has moved: 1, else 0.
    private let moved: UnsafeMutablePointer<UInt8>
    /// Chunks from the first that this step has come to.
    private var next = 0
    private let finding = Finding()
    private let memory = PlanMemory()

    /// Floats of a task: what is looked at is still in the second-level cache when it is read again.
    private static let chunk = 8_192

    init(
        kernels: KernelTable, graph: Graph, arena: ParameterArena, weights: UnsafeMutablePointer<Float>,
        gradients: UnsafeMutablePointer<Float>, velocities: UnsafeMutablePointer<Float>
    ) {
        var chunks: [ParameterChunk] = []
        var owners: [ParameterID] = []
        for id in arena.order {
            let entry = arena.entries[id.index]
            for start in stride(from: 0, to: entry.storage, by: Self.chunk) {
                chunks.append(
                    ParameterChunk(
                        offset: entry.offset + start, count: min(Self.chunk, entry.storage - start),
                        decays: graph[id].decays, rate: 1))
                owners.append(id)
            }
        }
        kernel = kernels.sgd
        self.chunks = memory.store(chunks)
        self.owners = owners
        moved = memory.vector(UInt8.self, count: owners.count)
        arguments = memory.store(
            SGDArguments(
                parameters: weights, gradients: gradients, velocities: velocities,
                chunks: UnsafePointer(self.chunks), learningRate: 0, momentum: 0, weightDecay: 0,
                nesterov: false, keepsWeights: false))
    }

    /// Multiplies the learning rate of one parameter from now on; 0 freezes it.
    func setRateMultiplier(_ multiplier: Float, of id: ParameterID) {
        for (index, owner) in owners.enumerated() where owner == id { chunks[index].rate = multiplier }
    }

    func update(_ step: SGDStep, on pool: ThreadPool) {
        begin(step, keepsWeights: false)
        run(next..<owners.count, on: pool, kernel)
    }

    func begin(_ step: SGDStep, keepsWeights: Bool) {
        arguments.pointee.learningRate = step.learningRate
        arguments.pointee.momentum = step.momentum
        arguments.pointee.weightDecay = step.weightDecay
        arguments.pointee.nesterov = step.nesterov
        arguments.pointee.keepsWeights = keepsWeights
        next = 0
        moved.update(repeating: 0, count: owners.count)
        finding.isFinite.store(true, ordering: .relaxed)
    }

    /// Moves what has all of its gradients among the first `final`, each chunk only if they are finite.
    ///
    /// - Returns: false once any was not: then there is no more to do.
    func advance(to final: Int, on pool: ThreadPool) -> Bool {
        guard finding.isFinite.load(ordering: .relaxed) else { return false }
        let start = next
        while next < owners.count && chunks[next].offset + chunks[next].count <= final { next += 1 }
        let kernel = kernel
        let finding = finding
        // Stays put until the pool is done; a task touches its own byte alone.
        nonisolated(unsafe) let moved = moved
        run(start..<next, on: pool) { arguments, index, worker in
            let chunk = arguments.pointee.chunks[index]
            guard allAreFinite(arguments.pointee.gradients + chunk.offset, chunk.count) else {
                finding.isFinite.store(false, ordering: .relaxed)
                return
            }
            kernel(arguments, index, worker)
            moved[index] = chunk.rate == 0 ? 0 : 1
        }
        return finding.isFinite.load(ordering: .relaxed)
    }

    /// Gives the weights that this step has moved the values that they had before.
    func takeBack(on pool: ThreadPool) {
        precondition(arguments.pointee.keepsWeights, "a step that keeps no weights was to be taken back")
        nonisolated(unsafe) let moved = moved
        run(0..<next, on: pool) { arguments, index, _ in
            guard moved[index] == 1 else { return }
            let chunk = arguments.pointee.chunks[index]
            (arguments.pointee.parameters + chunk.offset).update(
                from: arguments.pointee.gradients + chunk.offset, count: chunk.count)
        }
        next = 0
    }

    private func run(_ range: Range<Int>, on pool: ThreadPool, _ body: @escaping Kernel<SGDArguments>) {
        let first = range.lowerBound
        pool.run(range.count, UnsafeRawPointer(arguments)) { raw, task, worker in
            body(raw.assumingMemoryBound(to: SGDArguments.self), first + task, worker)
        }
    }
}

private final class Finding: Sendable {
    let isFinite = Atomic<Bool>(true)
}
