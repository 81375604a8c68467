package import Graphs
internal import Tensors

/// The address of each value of a graph: the values that share memory, and their place in one arena. The images, which
/// live as long as the plan, lie outside it.
///
/// A *root* is one range of memory, pixels x channels a sample. A value lives in a root, at a channel offset:
/// - aligned slices (`laneGranule`) live in their source, and inputs of a concatenation that have a root to themselves
///   in their aligned slice of its output, without a copy;
/// - elementwise operations overwrite an input, and nodes that add to an addend overwrite that, where no later node
///   reads the old content.
///
/// Roots whose lifetimes do not overlap share addresses. Lifetimes are counted in nodes.
package struct MemoryPlan {
    /// A value's place.
    struct Location: Equatable {
        var root: Int
        var channel: Int
    }

    /// One range of memory.
    struct Root {
        var height: Int
        var width: Int
        /// The floats from pixel to pixel: the channels, padded to a multiple of 16, or to 8.
        var pixelStride: Int
        var members: [ValueID]
        /// Whether the root lives as long as the plan, outside the arena: the images.
        var isPinned = false
        /// The nodes from its first write to its last read.
        var lifetime: ClosedRange<Int> = 0...0
        /// The floats from the arena's start, for one sample.
        var offset = 0

        var count: Int { height * width * pixelStride }
    }

    /// The places of values, by `ValueID.index`.
    private(set) var locations: [Location]
    private(set) var roots: [Root]
    /// The floats of the arena for one sample.
    package private(set) var arenaCount = 0

    private let graph: Graph
    /// The last node that reads each value, or the node that writes it where none reads it.
    private var lastUse: [Int]
    /// Whether each value's channels are padded to 8 instead of 16.
    private let isPaddedTo8: [Bool]

    /// The alignment, in channels, of slices that kernels use in place: the lanes of the widest vector.
    package static let laneGranule = 16
    /// Returns the number of channels, rounded up to whole vectors.
    static func wholeVectors(_ channels: Int) -> Int { (channels + laneGranule - 1) / laneGranule * laneGranule }

    /// The floats from pixel to pixel of maps whose channels are padded to 8.
    static let smallGranule = 8
    /// The floats between roots, for one sample, in a plan that is spread (`isSpread`).
    static let gap = 64

    /// - Parameters:
    ///   - assignsAddresses: whether roots get addresses; if not, all offsets and `arenaCount` stay 0, and `leastCount`
    ///     is valid all the same.
    ///   - algorithms: the algorithms that will compute the graph's convolutions; nil to pad all maps to 16 channels.
    ///   - isSpread: whether each root has addresses of its own, followed by a gap of `gap` floats. Tests fill the gaps
    ///     to find writes beyond a root's end.
    package init(
        graph: Graph, assignsAddresses: Bool = true, algorithms: ConvolutionAlgorithms? = nil, isSpread: Bool = false
    ) {
        self.graph = graph
        self.lastUse = Self.lastUses(graph)
        self.roots = []
        self.locations = [Location](repeating: Location(root: -1, channel: 0), count: graph.values.count)
        self.isPaddedTo8 =
            algorithms.map(graph.mapsPaddedTo8) ?? [Bool](repeating: false, count: graph.values.count)
        makeRoot(for: graph.input, granule: 1)
        roots[0].isPinned = true
        for (index, node) in graph.nodes.enumerated() {
            guard let output = node.output else { continue }
            if let source = reusable(node, at: index), isPaddedTo8[source.index] == isPaddedTo8[output.index] {
                share(output, with: locations[source.index])
            } else if case .slice(let offset) = node.operation, isAligned(offset, graph[output].shape.channels) {
                var location = locations[node.inputs[0].index]
                location.channel += offset
                share(output, with: location)
            } else {
                makeRoot(for: output, granule: isPaddedTo8[output.index] ? Self.smallGranule : Self.laneGranule)
            }
            if case .concatenate = node.operation { moveToSlices(node.inputs, of: output) }
        }
        assignLifetimes()
        if isSpread {
            spreadRoots()
        } else if assignsAddresses {
            assignOffsets()
        }
    }

    /// The most floats in use at one time, for one sample: a lower bound of `arenaCount`.
    var leastCount: Int {
        var changes = [Int](repeating: 0, count: graph.nodes.count + 2)
        for root in roots where !root.isPinned && !root.members.isEmpty {
            changes[root.lifetime.lowerBound] += root.count
            changes[root.lifetime.upperBound + 1] -= root.count
        }
        var (live, most) = (0, 0)
        for change in changes {
            live += change
            most = max(most, live)
        }
        return most
    }

    /// Whether `input` lies in the slice of `output` that begins at channel `offset`, so that nothing need be copied.
    func isPlaced(_ input: ValueID, in output: ValueID, at offset: Int) -> Bool {
        let whole = locations[output.index]
        return locations[input.index] == Location(root: whole.root, channel: whole.channel + offset)
    }

    // MARK: Sharing

    private static func lastUses(_ graph: Graph) -> [Int] {
        var lastUse = [Int](repeating: 0, count: graph.values.count)
        for (index, node) in graph.nodes.enumerated() {
            for value in node.reads + [node.output].compactMap({ $0 }) { lastUse[value.index] = index }
        }
        // Callers may read these values after the run.
        for value in graph.kept.union([graph.logits]) { lastUse[value.index] = graph.nodes.count }
        return lastUse
    }

    private mutating func makeRoot(for value: ValueID, granule: Int) {
        let shape = graph[value].shape
        roots.append(
            Root(
                height: shape.height, width: shape.width,
                pixelStride: (shape.channels + granule - 1) / granule * granule, members: [value]))
        locations[value.index] = Location(root: roots.count - 1, channel: 0)
    }

    private mutating func share(_ value: ValueID, with location: Location) {
        locations[value.index] = location
        roots[location.root].members.append(value)
    }

    private func isAligned(_ offset: Int, _ channels: Int) -> Bool {
        offset % Self.laneGranule == 0 && channels % Self.laneGranule == 0
    }

    /// Returns the value that `node` may overwrite with its output, if any.
    private func reusable(_ node: Node, at index: Int) -> ValueID? {
        let candidates: [ValueID]
        switch node.operation {
        case .slice, .concatenate: return nil
        // An addend that is also an input is excluded: later windows still read it.
        case _ where node.addend != nil:
            candidates = [node.addend].compactMap { $0 }.filter { !node.inputs.contains($0) }
        case .activation, .scale, .scaleGradient, .dropout, .dropoutGradient, .add,
            .batchNorm, .normalize:
            candidates = node.inputs
        case .activationGradient, .batchNormGradient,
            .normShift:
            candidates = [node.inputs[1]]
        case .residualGradient: candidates = [node.inputs[2]]
        // Each element of y is read when its gradient is written.
        case .averagePoolGradient: candidates = [node.activated].compactMap { $0 }
        default: return nil
        }
        return candidates.first { canOverwrite($0, at: index) }
    }

    /// Whether node `index` is the last to use `value`, and no other value in the same memory is used from `index` on.
    private func canOverwrite(_ value: ValueID, at index: Int) -> Bool {
        let location = locations[value.index]
        guard !roots[location.root].isPinned, lastUse[value.index] == index else { return false }
        let channels = location.channel..<(location.channel + graph[value].shape.channels)
        return roots[location.root].members.allSatisfy { other in
            let start = locations[other.index].channel
            let overlaps = channels.overlaps(start..<(start + graph[other].shape.channels))
            return other == value || !overlaps || lastUse[other.index] < index
        }
    }

    /// Moves the inputs of a concatenation that have a root to themselves into their slice of its output.
    private mutating func moveToSlices(_ inputs: [ValueID], of output: ValueID) {
        let target = locations[output.index]
        var offset = target.channel
        for input in inputs {
            let channels = graph[input].shape.channels
            let source = locations[input.index]
            let root = roots[source.root]
            let ownsRoot =
                source.channel == 0 && root.pixelStride == channels && !root.isPinned && source.root != target.root
            if ownsRoot && isAligned(offset, channels) {
                for member in root.members {
                    let channel = locations[member.index].channel
                    share(member, with: Location(root: target.root, channel: offset + channel))
                }
                roots[source.root].members = []
            }
            offset += channels
        }
    }

    // MARK: Addresses

    private mutating func assignLifetimes() {
        var firstWrite = [Int](repeating: 0, count: graph.values.count)
        for (index, node) in graph.nodes.enumerated() {
            if let output = node.output { firstWrite[output.index] = index }
        }
        for index in roots.indices {
            let members = roots[index].members
            guard let start = members.map({ firstWrite[$0.index] }).min(),
                let end = members.map({ lastUse[$0.index] }).max()
            else { continue }
            roots[index].lifetime = start...max(start, end)
        }
    }

    private mutating func spreadRoots() {
        for index in roots.indices where !roots[index].isPinned && !roots[index].members.isEmpty {
            roots[index].offset = arenaCount
            arenaCount += roots[index].count + Self.gap
        }
    }

    /// The gaps between the roots of a spread plan, in floats of the arena for one sample.
    package var gaps: [Range<Int>] {
        roots.filter { !$0.isPinned && !$0.members.isEmpty }.map { root in
            root.offset + root.count..<root.offset + root.count + Self.gap
        }
    }

    /// Places roots by size: the largest first, each at the lowest address where no root overlaps it in time and place.
    ///
    /// This is the greedy-by-size offset calculation of Pisarchyk & Lee, "Efficient Memory Management for Deep Neural
    /// Net Inference", 2020, with the first gap that fits instead of the smallest.
    private mutating func assignOffsets() {
        let order = roots.indices.filter { !roots[$0].isPinned && !roots[$0].members.isEmpty }
            .sorted { (roots[$0].count, $1) > (roots[$1].count, $0) }
        var placed: [Int] = []
        for index in order {
            let neighbours = placed.filter { roots[$0].lifetime.overlaps(roots[index].lifetime) }
                .sorted { roots[$0].offset < roots[$1].offset }
            var offset = 0
            for other in neighbours {
                if offset + roots[index].count <= roots[other].offset { break }
                offset = max(offset, roots[other].offset + roots[other].count)
            }
            roots[index].offset = offset
            arenaCount = max(arenaCount, offset + roots[index].count)
            placed.append(index)
        }
    }
}
