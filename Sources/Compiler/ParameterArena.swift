package import Graphs
internal import KernelInterface
internal import Tensors

/// The place of each parameter in the flat arenas of weights, gradients and optimizer state, and its layout there.
///
/// Trainable parameters come first, in the order in which the backward pass finishes their gradients, so that a run of
/// finished gradients is a slice; running statistics follow. Weights are packed as kernels read them:
/// [outputs/32][taps][inputs][32], unused lanes zero.
package struct ParameterArena {
    /// A parameter's place.
    package struct Entry {
        package var offset = 0
        /// Floats it takes.
        package var storage = 0
        /// Weights of convolutions and linear layers; nil for vectors.
        package var packing: Packing?
    }

    /// The places of parameters, by `ParameterID.index`. `batchesTracked` has no storage.
    package private(set) var entries: [Entry]
    /// Floats of all trainable parameters.
    package private(set) var trainableCount = 0
    /// Floats of everything.
    package private(set) var count = 0
    /// Trainable parameters in the arena's order.
    package private(set) var order: [ParameterID] = []
    /// Floats from the start of the arena whose gradients are final once a node of the graph has run, by node.
    package private(set) var finishedAfterNode: [Int] = []

    package init(graph: Graph) {
        var packings: [ParameterID: Packing] = [:]
        var finished: [ParameterID] = []
        var finishedParameters: [Int] = []
        for node in graph.nodes {
            if case .convolution(let convolution) = node.operation, let output = node.output {
                packings[convolution.weight] = Packing(
                    outputs: graph[output].shape.channels, inputs: graph[node.inputs[0]].shape.channels,
                    taps: convolution.kernelHeight * convolution.kernelWidth, groups: convolution.groups)
            }
            finished += node.operation.finishedParameters
            finishedParameters.append(finished.count)
        }
        let all = graph.parameters.indices.map { ParameterID(index: $0) }
        let isFinished = Set(finished)
        order = finished + all.filter { graph[$0].isTrainable && !isFinished.contains($0) }
        entries = [Entry](repeating: Entry(), count: graph.parameters.count)
        var ends = [0]
        for id in order {
            place(id, graph, packings[id])
            ends.append(count)
        }
        finishedAfterNode = finishedParameters.map { ends[$0] }
        trainableCount = count
        for id in all where !graph[id].isTrainable && graph[id].role != .batchesTracked { place(id, graph, nil) }
    }

    /// The same places, with gradients that become final in the order of another graph of the network.
    package func finishing(by graph: Graph) -> ParameterArena {
        var arena = self
        var finished: Set<ParameterID> = []
        var (count, end) = (0, 0)
        arena.finishedAfterNode = graph.nodes.map { node in
            finished.formUnion(node.operation.finishedParameters)
            while count < order.count, finished.contains(order[count]) {
                end = entries[order[count].index].offset + entries[order[count].index].storage
                count += 1
            }
            return end
        }
        return arena
    }

    private mutating func place(_ id: ParameterID, _ graph: Graph, _ packing: Packing?) {
        let storage = packing?.count ?? WeightLayout.padded(graph[id].count)
        entries[id.index] = Entry(offset: count, storage: storage, packing: packing)
        count += storage
    }

    /// A parameter in torch's layout, from one of the arenas, in runs of whole outputs.
    package func forEachRun<Failure: Error>(
        _ id: ParameterID, count: Int, of arena: UnsafePointer<Float>, _ body: (Span<Float>) throws(Failure) -> Void
    ) throws(Failure) {
        let entry = entries[id.index]
        let base = arena + entry.offset
        guard let packing = entry.packing else { return try body(UnsafeBufferPointer(start: base, count: count).span) }
        let width = count / packing.outputs
        // Outputs that share a block share its cache lines.
        let step = max(1, Self.blockFloats / width / WeightLayout.block) * WeightLayout.block
        var run = [Float](repeating: 0, count: min(step, packing.outputs) * width)
        for first in stride(from: 0, to: packing.outputs, by: step) {
            let outputs = first..<min(first + step, packing.outputs)
            packing.forEach(outputs) { torch, packed in run[torch - first * width] = base[packed] }
            try body(run.span.extracting(first: outputs.count * width))
        }
    }

    /// Floats of a run: some, for what takes runs to work well, and few beside a network's weights.
    private static let blockFloats = 1 << 18

    /// A parameter in torch's layout, from one of the arenas.
    package func read(_ id: ParameterID, count: Int, from arena: UnsafePointer<Float>) -> [Float] {
        let entry = entries[id.index]
        let base = arena + entry.offset
        guard let packing = entry.packing else { return (0..<count).map { base[$0] } }
        var values = [Float](repeating: 0, count: count)
        packing.forEach { torch, packed in values[torch] = base[packed] }
        return values
    }

    /// Writes a parameter given in torch's layout.
    package func write(_ values: [Float], of id: ParameterID, to arena: UnsafeMutablePointer<Float>) {
        let entry = entries[id.index]
        let base = arena + entry.offset
        if let packing = entry.packing {
            packing.forEach { torch, packed in base[packed] = values[torch] }
        } else {
            for (i, value) in values.enumerated() { base[i] = value }
        }
    }
}

extension Operation {
    /// The parameters whose gradients are final once this has run.
    fileprivate var finishedParameters: [ParameterID] {
        switch self {
        case .convolutionWeightGradient(let convolution):
            [convolution.weight] + (convolution.bias.map { [$0] } ?? [])
        case .batchNormGradient(let norm): [norm.weight, norm.bias]
        default: []
        }
    }
}

/// The shape of packed weights: [super-groups][outputs/32][taps][inputs][32].
///
/// Groups narrower than a vector are merged into super-groups, each a dense convolution whose weights between different
/// groups are zero and stay so. A convolution without groups is one super-group; so is a depthwise one, whose channels
/// each have one input.
package struct Packing: Hashable, Sendable {
    /// The output channels of the whole convolution.
    package var outputs: Int
    package var inputs: Int
    package var taps: Int
    package var groups = 1

    /// Every channel is a group of its own.
    package var isDepthwise: Bool { groups > 1 && groups == inputs && groups == outputs }

    /// Groups computed as one: as few as fill whole vectors of inputs and outputs; all, if no number of them does.
    var merged: Int {
        if isDepthwise { return groups }
        return (1...groups).first { count in
            groups % count == 0 && inputs / groups * count % MemoryPlan.laneGranule == 0
                && outputs / groups * count % MemoryPlan.laneGranule == 0
        } ?? groups
    }

    package var superGroups: Int { groups / merged }
    /// Rows of weights of one tap of a super-group.
    package var superInputs: Int { isDepthwise ? 1 : inputs / superGroups }
    package var superOutputs: Int { outputs / superGroups }
    /// Floats of one block of 32 outputs.
    package var blockStride: Int { taps * superInputs * WeightLayout.block }
    /// Floats of one super-group.
    package var superStride: Int { WeightLayout.blocks(superOutputs) * blockStride }
    package var count: Int { superGroups * superStride }

    /// Calls `body` with every weight's index in torch's OIHW and in the packed form.
    @inline(__always)
    package func forEach(_ body: (_ torch: Int, _ packed: Int) -> Void) { forEach(0..<outputs, body) }

    /// Calls `body` as above for the weights of some outputs.
    @inline(__always)
    package func forEach(_ wanted: Range<Int>, _ body: (_ torch: Int, _ packed: Int) -> Void) {
        // Computed once: the loops run over every weight.
        let (taps, superInputs, superOutputs) = (taps, superInputs, superOutputs)
        let (superStride, blockStride, lanes) = (superStride, blockStride, WeightLayout.block)
        let (inputsPerGroup, outputsPerGroup) = (inputs / groups, outputs / groups)
        var torch = wanted.lowerBound * inputsPerGroup * taps
        for k in wanted {
            let lane = k % superOutputs
            // Where the inputs of this output's group begin in its super-group.
            let first = isDepthwise ? 0 : lane / outputsPerGroup * inputsPerGroup
            let block = k / superOutputs * superStride + lane / lanes * blockStride + lane % lanes + first * lanes
            for c in 0..<inputsPerGroup {
                for tap in 0..<taps {
                    body(torch, block + (tap * superInputs + c) * lanes)
                    torch += 1
                }
            }
        }
    }
}
