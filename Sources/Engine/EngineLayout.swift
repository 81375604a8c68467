internal import Compiler
package import Graphs
internal import Kernels
internal import Machine
internal import Tensors

/// A network's training on images of one size.
struct SizedTraining {
    /// The rewritten graph.
    let graph: Graph
    let plan: MemoryPlan
    /// The layout's arena, with the order in which this graph finishes gradients.
    let arena: ParameterArena
}

/// The layout of an engine without its memory: the rewritten graphs, the places of values and parameters, and the bytes
/// that they take.
package struct EngineLayout {
    package let configuration: EngineConfiguration
    /// Parameters and buffers in canonical order.
    package let parameters: [ParameterSpecification]
    /// The training graphs, one for each size of images, over the same arenas; none for an engine that only evaluates.
    let trainings: [SizedTraining]
    let evaluation: Graph
    let arena: ParameterArena
    let evaluationPlan: MemoryPlan

    /// The training that `arena` follows; nil for evaluation only.
    var training: SizedTraining? { trainings.first }

    /// Rewrites the graphs and lays them out. Reserves no memory.
    ///
    /// - Parameters:
    ///   - training: nil for an engine that only evaluates.
    ///   - others: the same network's training graphs for images of other sizes.
    package init(
        training: Graph?, evaluation: Graph, configuration: EngineConfiguration, otherTrainings others: [Graph] = []
    ) {
        self.configuration = configuration
        parameters = evaluation.parameters
        let passes = configuration.passes.intersection(configuration.backend.passes)
        func rewritten(_ graph: Graph) -> Graph {
            let graph = graph.applying(passes)
            return passes.contains(.recomputation) ? graph.recomputingForMemory() : graph
        }
        let graphs = (training.map { [$0] + others } ?? []).map(rewritten)
        self.evaluation = evaluation.applying(passes)
        arena = ParameterArena(graph: graphs.first ?? self.evaluation)
        precondition(
            graphs.isEmpty || arena.finishedAfterNode.last == arena.trainableCount, "a parameter has no gradient")
        // sgemm reads and writes maps whose channels are padded to 16.
        let algorithms = configuration.backend == .openblas ? nil : configuration.algorithms(nil)
        let isSpread = configuration.spreadsTensors
        trainings = graphs.map { [arena] graph in
            let plan = MemoryPlan(graph: graph, algorithms: algorithms, isSpread: isSpread)
            return SizedTraining(graph: graph, plan: plan, arena: arena.finishing(by: graph))
        }
        evaluationPlan = MemoryPlan(graph: self.evaluation, algorithms: algorithms, isSpread: isSpread)
    }

    // MARK: Bytes

    /// The most samples of a training batch.
    private var trainingSlots: Int { configuration.shards * configuration.shardCapacity }

    /// The bytes of the state, of gradients, and of an update's scratch.
    package var parameterBytes: Int { stateBytes.saturatingSum(gradientBytes).saturatingSum(bytes(updateFloats)) }

    /// The floats of an update's scratch memory.
    var updateFloats: Int {
        guard training != nil else { return 0 }
        return configuration.optimizer.scratchFloats(matrices: parameters.compactMap { MatrixSize($0) })
    }

    /// The bytes of gradients, which are part of `parameterBytes`.
    package var gradientBytes: Int { training == nil ? 0 : bytes(arena.trainableCount) }

    /// The bytes of activations and their gradients: the arena that all plans share.
    package var activationBytes: Int { bytes(activationCount) }

    /// The bytes of that arena for training batches of one sample a shard.
    package var leastActivationBytes: Int { bytes(activationCount(trainingSlots: configuration.shards)) }

    var activationCount: Int { activationCount(trainingSlots: trainingSlots) }

    /// Returns the floats of that arena. Kernels read whole vectors, even beyond the last pixel of a map whose channels
    /// are padded to 8.
    private func activationCount(trainingSlots: Int) -> Int {
        let largest = trainings.map(\.plan.arenaCount).max() ?? 0
        let ofTraining = largest.saturatingProduct(trainingSlots)
        let ofEvaluation = evaluationPlan.arenaCount.saturatingProduct(configuration.evaluationCapacity)
        return max(ofTraining, ofEvaluation).saturatingSum(MemoryPlan.laneGranule)
    }

    /// The bytes of images, scratch memory and all other memory of the plans; 0 where activations or images alone
    /// exceed the address space.
    package var planBytes: Int {
        let pixels = evaluation[evaluation.input].shape.count
        let slots = max(trainingSlots, configuration.evaluationCapacity)
        guard activationBytes < Self.addressSpace, bytes(pixels).saturatingProduct(slots) < Self.addressSpace else {
            return 0
        }
        let unplaced = unplaced
        let ofEvaluation = LoadedPlan.byteCount(evaluation, evaluationPlan, unplaced, configuration)
        return trainings.reduce(ofEvaluation) { sum, sized in
            sum + LoadedPlan.byteCount(sized.graph, sized.plan, unplaced, configuration)
        }
    }

    /// The bytes that a process can address on x86-64.
    private static let addressSpace = 1 << 47

    private func bytes(_ floats: Int) -> Int { floats.saturatingProduct(MemoryLayout<Float>.stride) }

    /// Addresses for measuring plans; no code reads through them.
    private var unplaced: PlanContext {
        PlanContext(
            kernels: configuration.kernelTable,
            algorithms: configuration.algorithms(try? Engine.openBLAS(for: configuration)),
            threads: configuration.threads, parameters: arena, weights: placeholder(Float.self),
            gradients: placeholder(Float.self), activations: placeholder(Float.self))
    }
}
