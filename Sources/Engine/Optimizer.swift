internal import Graphs
internal import KernelInterface
internal import Kernels

/// Stochastic gradient descent over the flat arenas, in one pass.
final class Optimizer {
    private let kernel: Kernel<SGDArguments>
    private let arguments: UnsafeMutablePointer<SGDArguments>
    private let chunks: UnsafeMutablePointer<ParameterChunk>
    /// The parameter that each chunk is of.
    private let owners: [ParameterID]
    private let memory = PlanMemory()

    /// Floats of a task.
    private static let chunk = 32_768

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
        arguments = memory.store(
            SGDArguments(
                parameters: weights, gradients: UnsafePointer(gradients), velocities: velocities,
                chunks: UnsafePointer(self.chunks), learningRate: 0, momentum: 0, weightDecay: 0,
                nesterov: false))
    }

    /// Multiplies the learning rate of one parameter from now on; 0 freezes it.
    func setRateMultiplier(_ multiplier: Float, of id: ParameterID) {
        for (index, owner) in owners.enumerated() where owner == id { chunks[index].rate = multiplier }
    }

    func update(_ step: SGDStep, on pool: ThreadPool) {
        arguments.pointee.learningRate = step.learningRate
        arguments.pointee.momentum = step.momentum
        arguments.pointee.weightDecay = step.weightDecay
        arguments.pointee.nesterov = step.nesterov
        let kernel = kernel
        pool.run(owners.count, UnsafeRawPointer(arguments)) { raw, task, worker in
            kernel(raw.assumingMemoryBound(to: SGDArguments.self), task, worker)
        }
    }
}
