package import Graphs
package import KernelInterface
internal import Kernels
package import Machine
internal import Tensors

/// The surroundings of a plan: the memory that outlives a step, and the numbers of samples.
package struct PlanContext {
    let kernels: KernelTable
    let algorithms: ConvolutionAlgorithms
    let threads: Int
    package var parameters: ParameterArena
    let weights: UnsafeMutablePointer<Float>
    let gradients: UnsafeMutablePointer<Float>
    let activations: UnsafeMutablePointer<Float>

    // The memory of one plan alone, which the plans of an engine do not share; addresses that nobody reads until it is
    // set.

    package var batch = BatchLayout(shards: 0, shardCapacity: 0, shardSizes: placeholder(Int.self))
    package var step = placeholder(StepState.self)
    package var images = placeholder(Float.self)
    /// The losses, by slot.
    package var losses = placeholder(Float.self)
    package var predictions = placeholder(Int32.self)
    package var probabilities = placeholder(Float.self)

    package init(
        kernels: KernelTable, algorithms: ConvolutionAlgorithms, threads: Int, parameters: ParameterArena,
        weights: UnsafeMutablePointer<Float>, gradients: UnsafeMutablePointer<Float>,
        activations: UnsafeMutablePointer<Float>
    ) {
        self.kernels = kernels
        self.algorithms = algorithms
        self.threads = threads
        self.parameters = parameters
        self.weights = weights
        self.gradients = gradients
        self.activations = activations
    }
}

/// Compiles a graph into a plan, node by node.
package struct PlanBuilder {
    let graph: Graph
    let layout: MemoryPlan
    let context: PlanContext
    let memory = PlanMemory()
    private var instructions: [ExecutionPlan.Instruction] = []
    private var origins: [ExecutionPlan.Origin] = []
    /// The node that is being lowered.
    var node = 0
    /// Scratch memory that operations use one after the other; its sizes are known when all are compiled.
    var workspace = Workspace()
    /// The state that the forward and backward passes of a batch norm share, by `BatchNorm.index`.
    var norms: [Int: BatchNormState] = [:]
    /// The sums over channels so far; those over ranks take the place of this rank's.
    var channelSums: [ChannelValueID: ChannelSums] = [:]
    /// The sums of residual blocks' gradients that a convolution's epilogue has taken, by `BatchNorm.index`.
    var residualSums: [Int: ChannelSums] = [:]
    var hasLoss = false
    /// The number of `workspace.totals` so far, and the number of those that are summed over ranks.
    var totals = 0
    var reducedTotals = 0
    /// The pairwise summation schedule of this rank's shards.
    let shardSumSteps: UnsafePointer<ShardSumStep>

    var slots: Int { context.batch.shards * context.batch.shardCapacity }

    package init(graph: Graph, layout: MemoryPlan, context: PlanContext) {
        self.graph = graph
        self.layout = layout
        self.context = context
        self.shardSumSteps = UnsafePointer(memory.store(ShardTree(context.batch.shards).schedule))
    }

    /// Returns the bytes of memory that the plan will hold besides the arenas.
    package func byteCount() -> Int {
        var measure = self
        measure.lowerAll()
        return measure.memory.byteCount + measure.workspace.byteCount(totals: measure.totals, threads: context.threads)
    }

    /// Builds the plan; also returns the bytes of memory that it holds besides the arenas.
    package func build() throws(MemoryError) -> (plan: ExecutionPlan, bytes: Int) {
        // Scratch memory is shared, so the largest request decides; a dry pass finds it.
        var measure = self
        measure.lowerAll()
        var builder = PlanBuilder(graph: graph, layout: layout, context: context)
        try builder.workspace.allocate(
            like: measure.workspace, totals: measure.totals, threads: context.threads, in: builder.memory)
        builder.lowerAll()
        let plan = ExecutionPlan(
            instructions: builder.instructions, origins: builder.origins, finished: builder.finishedGradients(),
            memory: builder.memory)
        return (plan, builder.memory.byteCount)
    }

    /// Returns the floats of the arena whose gradients are final after each instruction. A node's gradients are final
    /// after its last instruction.
    private func finishedGradients() -> [Int] {
        guard graph.purpose == .training else { return origins.map { _ in 0 } }
        let after = context.parameters.finishedAfterNode
        var last = [Int](repeating: -1, count: graph.nodes.count + 1)
        for (index, origin) in origins.enumerated() { last[origin.node] = index }
        // The number of nodes from the first on that have all run.
        var done = 0
        return origins.indices.map { index in
            while done < graph.nodes.count && last[done] <= index { done += 1 }
            return done == 0 ? 0 : after[done - 1]
        }
    }

    private mutating func lowerAll() {
        for (index, node) in graph.nodes.enumerated() {
            self.node = index
            lower(node)
        }
        node = graph.nodes.count
        if graph.purpose == .evaluation { lowerLoss(graph.logits, weight: 1) }
    }

    private mutating func lower(_ node: Node) {
        switch node.operation {
        case .convolution(let convolution): lowerConvolution(node, .forward, convolution)
        case .convolutionDataGradient(let convolution): lowerConvolution(node, .dataGradient, convolution)
        case .convolutionWeightGradient(let convolution): lowerWeightGradient(node, convolution)
        case .batchNorm(let norm): lowerBatchNorm(node, norm)
        case .normalize(let norm): lowerNormalization(node, norm)
        case .batchNormGradient(let norm): lowerBatchNormGradient(node, norm)
        case .normShift(let parts): lowerNormShift(node, parts)
        case .moments: lowerMoments(node)
        case .gradientSums(let norm): lowerGradientSums(node, norm)
        case .allReduce: lowerAllReduce(node)
        case .residualGradient(let norm): lowerResidualGradient(node, norm)
        case .activation(let activation): lowerElementwise(node, kernels(of: activation).forward)
        case .activationGradient(let activation): lowerElementwise(node, kernels(of: activation).gradient)
        case .scale(let factor), .scaleGradient(let factor):
            lowerElementwise(node, context.kernels.scale, factor: factor)
        case .add: lowerElementwise(node, context.kernels.add)
        case .dropout(let rate, let index), .dropoutGradient(let rate, let index):
            lowerDropout(node, rate: rate, layer: index)
        case .localResponseNormalization(let size, let alpha, let beta, let k),
            .localResponseNormalizationGradient(let size, let alpha, let beta, let k):
            lowerLRN(node, size: size, alpha: alpha, beta: beta, k: k)
        case .maxPool(let pooling): lowerPooling(node, pooling, context.kernels.maxPool)
        case .averagePool(let pooling): lowerPooling(node, pooling, context.kernels.averagePool)
        case .adaptiveAveragePool: lowerPooling(node, nil, context.kernels.adaptiveAveragePool)
        case .maxPoolGradient(let pooling):
            lowerPooling(node, pooling, context.kernels.maxPoolGradient, isGradient: true)
        case .averagePoolGradient(let pooling):
            lowerPooling(node, pooling, context.kernels.averagePoolGradient, isGradient: true)
        case .adaptiveAveragePoolGradient:
            lowerPooling(node, nil, context.kernels.adaptiveAveragePoolGradient, isGradient: true)
        case .concatenate: lowerConcatenation(node)
        case .slice(let offset): lowerSlice(node, offset: offset)
        case .softmaxCrossEntropy(let weight): lowerLoss(node.inputs[0], gradient: node.output, weight: weight)
        case .softmaxCrossEntropyGradient(let weight): lowerLossGradient(node, weight: weight)
        }
    }

    /// Appends an instruction, called `name` in profiles.
    mutating func append(_ instruction: ExecutionPlan.Instruction, name: String) {
        instructions.append(instruction)
        origins.append(ExecutionPlan.Origin(node: node, name: name))
    }

    /// Appends a call of a kernel.
    mutating func call<Arguments: BitwiseCopyable>(
        _ kernel: Kernel<Arguments>, _ arguments: Arguments, tasks: Int
    ) {
        call(kernel, stored: UnsafePointer(memory.store(arguments)), tasks: tasks)
    }

    /// Appends a call of a kernel whose arguments already have an address.
    mutating func call<Arguments: BitwiseCopyable>(
        _ kernel: Kernel<Arguments>, stored: UnsafePointer<Arguments>, tasks: Int
    ) {
        let perform = context.kernels.body(of: kernel)
        let body: ThreadPool.Body = { raw, task, worker in
            perform(raw.assumingMemoryBound(to: Arguments.self), task, worker)
        }
        append(
            .kernel(ExecutionPlan.Call(body: body, arguments: UnsafeRawPointer(stored), tasks: tasks)),
            name: kernel.name)
    }

    /// Returns the tensor of a value as kernels see it.
    package func view(_ id: ValueID) -> TensorView {
        let location = layout.locations[id.index]
        let root = layout.roots[location.root]
        let base = root.isPinned ? context.images : context.activations + root.offset * slots
        return TensorView(
            base: base + location.channel, height: root.height, width: root.width, channels: graph[id].shape.channels,
            pixelStride: root.pixelStride, sampleStride: root.count)
    }

    func weights(_ id: ParameterID) -> UnsafeMutablePointer<Float> {
        context.weights + context.parameters.entries[id.index].offset
    }

    func gradient(_ id: ParameterID) -> UnsafeMutablePointer<Float> {
        context.gradients + context.parameters.entries[id.index].offset
    }
}

/// Scratch memory that all operations of a plan use one after the other.
struct Workspace {
    /// The floats that each worker needs.
    private var perWorker = 0
    /// The floats that all workers share.
    private var shared = 0
    /// The number of float64 sums over samples for batch norms.
    private var sums = 0
    /// The floats of the sums over row blocks.
    private var blockSumFloats = 0
    private(set) var scratch = placeholder(Float.self)
    private(set) var partials = placeholder(Float.self)
    private(set) var sampleSums = placeholder(Double.self)
    private(set) var blockSums = placeholder(Float.self)
    /// The float64 numbers that ranks sum, in the order of their computation, so that the contents of a message lie
    /// side by side.
    private(set) var totals = placeholder(Double.self)

    /// The floats between two workers' scratch.
    var scratchStride: Int { perWorker }

    mutating func needScratch(_ floats: Int) { perWorker = max(perWorker, (floats + 1023) / 1024 * 1024 + 16) }
    mutating func needPartials(_ floats: Int) { shared = max(shared, floats) }
    mutating func needSums(_ numbers: Int) { sums = max(sums, numbers) }
    mutating func needBlockSums(_ floats: Int) { blockSumFloats = max(blockSumFloats, floats) }

    mutating func allocate(
        like measured: Workspace, totals count: Int, threads: Int, in memory: PlanMemory
    ) throws(MemoryError) {
        self = measured
        scratch = try memory.allocate(Float.self, count: perWorker * threads)
        partials = try memory.allocate(Float.self, count: shared)
        sampleSums = try memory.allocate(Double.self, count: sums)
        blockSums = try memory.allocate(Float.self, count: blockSumFloats)
        totals = try memory.allocate(Double.self, count: count)
    }

    /// Returns the bytes that `allocate` would reserve.
    func byteCount(totals count: Int, threads: Int) -> Int {
        let floats = [perWorker * threads, shared, blockSumFloats].map { PlanMemory.bytes(Float.self, $0) }
        return (floats + [sums, count].map { PlanMemory.bytes(Double.self, $0) }).reduce(0, +)
    }
}
