internal import Compiler
internal import Graphs
internal import KernelInterface
internal import Kernels
internal import Machine
internal import Networks
internal import Tensors

/// An execution plan with the memory of a batch: images, labels and results.
final class LoadedPlan {
    /// The graph that `plan` was compiled from.
    let graph: Graph
    let plan: ExecutionPlan
    /// The bytes that the plan and its batch take.
    let bytes: Int
    private let memory = PlanMemory()
    /// The context that `plan` was compiled against; the memory of its batches is there.
    private let context: PlanContext
    var state: UnsafeMutablePointer<StepState> { context.step }
    private var batch: BatchLayout { context.batch }
    private let inputShape: Shape
    /// The size of the images, in pixels a side.
    var imageSize: Int { inputShape.height }
    private let logitsView: TensorView
    private let keptViews: [ValueID: TensorView]

    /// - Parameter shared: what all plans of an engine share.
    init(
        _ graph: Graph, _ layout: MemoryPlan, _ shared: PlanContext, _ configuration: EngineConfiguration
    ) throws(MemoryError) {
        self.graph = graph
        let (shards, capacity) = configuration.batches(for: graph.purpose)
        let slots = shards * capacity
        inputShape = graph[graph.input].shape
        var context = shared
        // Kernels read whole vectors, beyond the last pixel's channels too.
        context.images = try memory.allocate(Float.self, count: slots * inputShape.count + MemoryPlan.laneGranule)
        context.losses = try memory.allocate(Float.self, count: slots)
        context.predictions = try memory.allocate(Int32.self, count: slots)
        context.probabilities = try memory.allocate(Float.self, count: slots)
        context.batch = BatchLayout(
            shards: shards, shardCapacity: capacity, shardSizes: try memory.allocate(Int.self, count: shards))
        context.step = memory.store(
            StepState(
                sampleIDs: try memory.allocate(UInt32.self, count: slots),
                labels: try memory.allocate(Int32.self, count: slots),
                secondLabels: try memory.allocate(Int32.self, count: slots),
                labelShares: try memory.allocate(Float.self, count: slots)))
        if graph.purpose == .training {
            context.step.pointee.labelSmoothing = configuration.labelSmoothing
            if let weights = configuration.classWeights {
                context.step.pointee.classWeights = UnsafePointer(memory.store(weights))
            }
        }
        self.context = context
        let builder = PlanBuilder(graph: graph, layout: layout, context: context)
        logitsView = builder.view(graph.logits)
        keptViews = Dictionary(uniqueKeysWithValues: graph.kept.map { ($0, builder.view($0)) })
        let (plan, planBytes) = try builder.build()
        self.plan = plan
        self.bytes = planBytes + memory.byteCount
    }

    /// Returns the bytes that `init` would reserve.
    ///
    /// - Parameter shared: its addresses are not read.
    static func byteCount(
        _ graph: Graph, _ layout: MemoryPlan, _ shared: PlanContext, _ configuration: EngineConfiguration
    ) -> Int {
        let (shards, capacity) = configuration.batches(for: graph.purpose)
        let slots = shards * capacity
        let pixels = slots * graph[graph.input].shape.count + MemoryPlan.laneGranule
        let own =
            PlanMemory.bytes(Float.self, pixels) + 2 * PlanMemory.bytes(Float.self, slots)
            + PlanMemory.bytes(Int32.self, slots) + PlanMemory.bytes(Int.self, shards)
            + PlanMemory.bytes(UInt32.self, slots) + 2 * PlanMemory.bytes(Int32.self, slots)
            + PlanMemory.bytes(Float.self, slots) + PlanMemory.bytes(StepState.self, 1)
        let weights = graph.purpose == .training ? configuration.classWeights : nil
        let weightBytes = weights.map { PlanMemory.bytes(Float.self, $0.count) } ?? 0
        var context = shared
        context.batch = BatchLayout(shards: shards, shardCapacity: capacity, shardSizes: placeholder(Int.self))
        return own + weightBytes + PlanBuilder(graph: graph, layout: layout, context: context).byteCount()
    }

    /// Copies a batch's samples into their slots, on all threads, so that each thread has in its caches what it reads
    /// next.
    func load(_ samples: Batch, shardSizes: [Int], on pool: ThreadPool) throws(EngineError) {
        let classes = logitsView.channels
        guard shardSizes.count == batch.shards, shardSizes.allSatisfy({ $0 <= batch.shardCapacity }) else {
            throw .batchTooLarge(found: samples.count, capacity: batch.shards * batch.shardCapacity)
        }
        let images = samples.images
        guard images.count * images.sampleCount == samples.count * inputShape.count else {
            throw .wrongImageCount(
                found: images.count * images.sampleCount, expected: samples.count * inputShape.count)
        }
        let labels = 0..<Int32(classes)
        if let target = samples.targets.first(where: { !labels.contains($0.label) || !labels.contains($0.second) }) {
            throw .labelOutOfRange(
                label: Int(labels.contains(target.label) ? target.second : target.label), classes: classes)
        }
        var first = 0
        for (shard, size) in shardSizes.enumerated() {
            batch.shardSizes[shard] = size
            let slot = shard * batch.shardCapacity
            for i in 0..<size {
                let target = samples.targets[first + i]
                state.pointee.labels[slot + i] = target.label
                state.pointee.secondLabels[slot + i] = target.second
                state.pointee.labelShares[slot + i] = target.weight
                state.pointee.sampleIDs[slot + i] = samples.sampleIDs[first + i]
            }
            first += size
        }
        if samples.count > 0 { take(images, on: pool) }
    }

    /// Copies the images, one slot a task.
    private func take(_ source: any BatchImages, on pool: ThreadPool) {
        // The memory stays in place until the pool is done, and no two tasks write to the same slot.
        nonisolated(unsafe) let (images, batch) = (context.images, batch)
        let slots = batch.shards * batch.shardCapacity
        pool.run(slots, UnsafeRawPointer(images)) {
            [count = inputShape.count, transform = graph.inputTransform] _, slot, _ in
            let (shard, place) = slot.quotientAndRemainder(dividingBy: batch.shardCapacity)
            guard place < batch.shardSizes[shard] else { return }
            var sample = place
            for earlier in 0..<shard { sample += batch.shardSizes[earlier] }
            var pixels = UnsafeMutableBufferPointer(start: images + slot * count, count: count).mutableSpan
            source.write(sample, into: &pixels)
            transform?.apply(to: &pixels)
        }
    }

    /// Returns the sums over the samples of the last run, in the order of their shards.
    func tally() -> Tally {
        var tally = Tally()
        batch.forEachSample { slot in
            tally.lossSum += Double(context.losses[slot])
            tally.correct += context.predictions[slot] == state.pointee.labels[slot] ? 1 : 0
            tally.samples += 1
        }
        return tally
    }

    /// Calls `body` with the outcome of each sample of the last run, in the order of its batch.
    func forEachOutcome(_ body: (SampleOutcome) -> Void) {
        batch.forEachSample { slot in
            body(
                SampleOutcome(
                    sampleID: state.pointee.sampleIDs[slot], label: state.pointee.labels[slot],
                    predicted: context.predictions[slot], probability: context.probabilities[slot],
                    loss: context.losses[slot]))
        }
    }

    func logits() -> [Float] {
        var values: [Float] = []
        batch.forEachSample { slot in
            let row = logitsView.float32 + slot * logitsView.sampleStride
            values += (0..<logitsView.channels).map { row[$0] }
        }
        return values
    }

    /// Returns a value that the graph keeps, sample after sample, each height x width x channels; an empty array where
    /// the graph does not keep it.
    func values(of id: ValueID) -> [Float] {
        guard let view = keptViews[id] else { return [] }
        var values: [Float] = []
        batch.forEachSample { slot in
            for row in 0..<view.height {
                for column in 0..<view.width {
                    let pixel =
                        view.float32 + slot * view.sampleStride + row * view.rowStride + column * view.pixelStride
                    values += (0..<view.channels).map { pixel[$0] }
                }
            }
        }
        return values
    }
}

extension InputTransform {
    /// Changes pixels in place; channels vary fastest.
    fileprivate func apply(to pixels: inout MutableSpan<Float>) {
        for (channel, (scale, shift)) in zip(scales, shifts).enumerated() {
            for place in stride(from: channel, to: pixels.count, by: scales.count) {
                pixels[place] = pixels[place] * scale + shift
            }
        }
    }
}
