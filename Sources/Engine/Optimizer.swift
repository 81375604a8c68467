internal import Graphs
internal import KernelInterface
internal import Kernels

/// Stochastic gradient descent over the flat arenas, in one pass.
final class Optimizer {
    private let kernel: Kernel<SGDArguments>
    private let arguments: UnsafeMutablePointer<SGDArguments>
    private let chunkCount: Int
    private let memory = PlanMemory()

    /// Floats of a task.
    private static let chunk = 32_768

    init(
        kernels: KernelTable, graph: Graph, arena: ParameterArena, weights: UnsafeMutablePointer<Float>,
        gradients: UnsafeMutablePointer<Float>, velocities: UnsafeMutablePointer<Float>
    ) {
        var chunks: [ParameterChunk] = []
        for id in arena.order {
            let entry = arena.entries[id.index]
            for start in stride(from: 0, to: entry.storage, by: Self.chunk) {
                chunks.append(
                    ParameterChunk(
                        offset: entry.offset + start, count: min(Self.chunk, entry.storage - start),
                        decays: graph[id].decays))
            }
        }
        kernel = kernels.sgd
        chunkCount = chunks.count
        arguments = memory.store(
            SGDArguments(
                parameters: weights, gradients: UnsafePointer(gradients), velocities: velocities,
                chunks: UnsafePointer(memory.store(chunks)), learningRate: 0, momentum: 0, weightDecay: 0,
                nesterov: false))
    }

    func update(_ step: SGDStep, on pool: ThreadPool) {
        arguments.pointee.learningRate = step.learningRate
        arguments.pointee.momentum = step.momentum
        arguments.pointee.weightDecay = step.weightDecay
        arguments.pointee.nesterov = step.nesterov
        let kernel = kernel
        pool.run(chunkCount, UnsafeRawPointer(arguments)) { raw, task, worker in
            kernel(raw.assumingMemoryBound(to: SGDArguments.self), task, worker)
        }
    }
}
