internal import Compiler
internal import Graphs
internal import Kernels
internal import Tensors

/// A group of a network's trainable parameters that are reported together: those of one layer or of several.
package struct LayerGroup: Hashable, Sendable {
    /// The common beginning of the parameters' names: `layer1.0`, `features`.
    package let name: String
    /// Indices of `Engine.parameters`, rising.
    package let parameters: [Int]

    /// The largest number of groups that a network is divided into.
    package static let most = 24

    /// Groups parameters by the first parts of their names: by the most parts that give at most `most` groups, or else
    /// by one part.
    ///
    /// - Parameters:
    ///   - names: of all parameters, in their order.
    ///   - isTrainable: whether a parameter belongs to a group.
    package static func groups(of names: [String], isTrainable: [Bool]) -> [LayerGroup] {
        let paths = names.map { $0.split(separator: ".").dropLast() }
        let own = names.indices.filter { isTrainable[$0] }
        func groups(parts: Int) -> [LayerGroup] {
            var order: [String] = []
            var members: [String: [Int]] = [:]
            for index in own {
                // A parameter outside of layers is a group of its own.
                let name = paths[index].isEmpty ? names[index] : paths[index].prefix(parts).joined(separator: ".")
                if members[name] == nil { order.append(name) }
                members[name, default: []].append(index)
            }
            return order.map { LayerGroup(name: $0, parameters: members[$0] ?? []) }
        }
        let longest = max(paths.map(\.count).max() ?? 1, 1)
        let fitting = (1...longest).lazy.reversed().map(groups(parts:)).first { $0.count <= most }
        return fitting ?? groups(parts: 1)
    }
}

extension Engine {
    package var layerGroups: [LayerGroup] {
        LayerGroup.groups(of: parameters.map(\.name), isTrainable: parameters.map(\.isTrainable))
    }

    /// Returns the norms of the groups' weights.
    package func weightNorms(of groups: [LayerGroup]) -> [Double] { norms(of: groups, in: weights.baseAddress) }

    /// Returns the norms of the groups' current gradients.
    package func gradientNorms(of groups: [LayerGroup]) -> [Double] { norms(of: groups, in: gradients.baseAddress) }

    private func norms(of groups: [LayerGroup], in arena: UnsafePointer<Float>) -> [Double] {
        let sums = optimizer.sumsOfSquares(of: arena, on: pool)
        let squares = Dictionary(uniqueKeysWithValues: optimizer.parameters.map { ($0.id.index, sums[$0.place]) })
        return groups.map { group in group.parameters.reduce(0) { $0 + (squares[$1] ?? 0) }.squareRoot() }
    }

    /// Returns the distribution of a group's finite weights over 30 equal parts of their range.
    package func distribution(of group: LayerGroup) -> WeightDistribution {
        var whole = WeightDistribution(buckets: 30)
        for index in group.parameters { forEachFiniteValue(of: index) { whole.takeRange(of: $0) } }
        for index in group.parameters { forEachFiniteValue(of: index) { whole.count($0) } }
        return whole
    }

    private func forEachFiniteValue(of index: Int, _ body: (Float) -> Void) {
        arena.forEachRun(ParameterID(index: index), count: parameters[index].count, of: weights.baseAddress) { values in
            for place in values.indices where values[place].isFinite { body(values[place]) }
        }
    }
}

/// The distribution of numbers over their range: its ends, sums and a histogram.
package struct WeightDistribution: Hashable, Sendable {
    package private(set) var minimum = Float.infinity
    package private(set) var maximum = -Float.infinity
    package private(set) var sum = 0.0
    package private(set) var sumOfSquares = 0.0
    /// The numbers in each of the equal parts of the range.
    package private(set) var counts: [Int]

    init(buckets: Int) { counts = [Int](repeating: 0, count: buckets) }

    package var count: Int { counts.reduce(0, +) }

    /// The upper end of each part.
    package var edges: [Double] {
        let (low, high) = (Double(minimum), Double(maximum))
        let width = (high - low) / Double(counts.count)
        return counts.indices.dropLast().map { low + width * Double($0 + 1) } + [high]
    }

    fileprivate mutating func takeRange(of value: Float) {
        minimum = min(minimum, value)
        maximum = max(maximum, value)
    }

    /// Counts a number in the histogram; the range of all numbers must be known.
    fileprivate mutating func count(_ value: Float) {
        sum += Double(value)
        sumOfSquares += Double(value) * Double(value)
        guard maximum > minimum else { return counts[counts.count - 1] += 1 }
        let place = (value - minimum) / (maximum - minimum) * Float(counts.count)
        counts[min(max(Int(place), 0), counts.count - 1)] += 1
    }
}
