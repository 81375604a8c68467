package import Graphs
internal import KernelInterface
internal import Tensors

/// The place of each parameter in the flat arenas of weights, gradients and optimizer state, and its layout there.
///
/// Trainable parameters come first, in the order in which the backward pass finishes their gradients, so that finished
/// gradients are a slice from the start; running statistics follow. Weights are packed as kernels read them:
/// [outputs/32][taps][inputs][32], with zeros in unused lanes.
package struct ParameterArena {
    /// A parameter's place.
    package struct Entry {
        package var offset = 0
        /// The floats that the parameter takes.
        package var storage = 0
        /// The packing of the weights of convolutions and linear layers; nil for vectors.
        package var packing: Packing?
    }

    /// The places of parameters, by `ParameterID.index`. `batchesTracked` has no storage.
    package private(set) var entries: [Entry]
    /// The floats of all trainable parameters.
    package private(set) var trainableCount = 0
    /// The floats of all parameters and running statistics.
    package private(set) var count = 0
    /// The trainable parameters, in the arena's order.
    package private(set) var order: [ParameterID] = []
    /// The floats, from the start of the arena of gradients, that are final after each node of the graph.
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

    /// Returns the same places, with gradients that become final in the order of another graph of the network.
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

    /// Calls `body` with a parameter in torch's layout, out of one of the arenas, some whole outputs at a time.
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

    /// The floats passed to `body` at a time: enough for efficiency, and few compared with a network's weights.
    private static let blockFloats = 1 << 18

    /// Returns a parameter in torch's layout, out of one of the arenas.
    package func read(_ id: ParameterID, count: Int, from arena: UnsafePointer<Float>) -> [Float] {
        let entry = entries[id.index]
        let base = arena + entry.offset
        guard let packing = entry.packing else { return (0..<count).map { base[$0] } }
        var values = [Float](repeating: 0, count: count)
        packing.forEach { torch, packed in values[torch] = base[packed] }
        return values
    }

    /// Writes a parameter in torch's layout to one of the arenas.
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
    /// The parameters whose gradients are final after this operation.
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
/// groups are and stay zero. A convolution without groups is one super-group; so is a depthwise one, in which each
/// channel has one input.
package struct Packing: Hashable, Sendable {
    /// The output channels of the whole convolution.
    package var outputs: Int
    package var inputs: Int
    package var taps: Int
    package var groups = 1

    /// Whether each channel is a group of its own.
    package var isDepthwise: Bool { groups > 1 && groups == inputs && groups == outputs }

    /// The number of groups computed as one: the fewest that fill whole vectors of inputs and outputs, or all where no
    /// number does.
    var merged: Int {
        if isDepthwise { return groups }
        return (1...groups).first { count in
            groups % count == 0 && inputs / groups * count % MemoryPlan.laneGranule == 0
                && outputs / groups * count % MemoryPlan.laneGranule == 0
        } ?? groups
    }

    package var superGroups: Int { groups / merged }
    /// The rows of weights for each tap of a super-group.
    package var superInputs: Int { isDepthwise ? 1 : inputs / superGroups }
    package var superOutputs: Int { outputs / superGroups }
    /// The floats of a block of 32 outputs.
    package var blockStride: Int { taps * superInputs * WeightLayout.block }
    /// The floats of a super-group.
    package var superStride: Int { WeightLayout.blocks(superOutputs) * blockStride }
    package var count: Int { superGroups * superStride }

    /// Calls `body` with the index of each weight in torch's OIHW layout and in the packed one.
    @inline(__always)
    package func forEach(_ body: (_ torch: Int, _ packed: Int) -> Void) { forEach(0..<outputs, body) }

    /// Calls `body` with both indices of each weight of some outputs.
    @inline(__always)
    package func forEach(_ wanted: Range<Int>, _ body: (_ torch: Int, _ packed: Int) -> Void) {
        // Read once here, as the loops run over all weights.
        let (taps, superInputs, superOutputs) = (taps, superInputs, superOutputs)
        let (superStride, blockStride, lanes) = (superStride, blockStride, WeightLayout.block)
        let (inputsPerGroup, outputsPerGroup) = (inputs / groups, outputs / groups)
        var torch = wanted.lowerBound * inputsPerGroup * taps
        for k in wanted {
            let lane = k % superOutputs
            // The first input of this output's group within its super-group.
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
