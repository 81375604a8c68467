import Tensors

/// The difference between two checkpoints in one tensor.
package enum TensorDifference: Equatable, Sendable {
    case onlyInFirst
    case onlyInSecond
    /// Types and shapes differ; as texts such as `F32 [64, 3, 7, 7]`.
    case kind(first: String, second: String)
    /// Both checkpoints have the tensor, of a type that is not read.
    case notCompared(type: String)
    /// `count` numbers differ, by at most `largest`; NaN where one of them is NaN.
    case values(count: Int, of: Int, largest: Double)
}

/// The differences between two checkpoints, to the bit.
package struct CheckpointDifference: Sendable {
    /// The keys of the metadata whose texts differ, in order; nil where one checkpoint lacks the key.
    package let metadata: [(key: String, first: String?, second: String?)]
    /// The tensors that differ, in the first's order and then the second's.
    package let tensors: [(name: String, difference: TensorDifference)]
    /// The number of tensors that are the same in both.
    package let same: Int

    package var isEmpty: Bool { metadata.isEmpty && tensors.isEmpty }

    package init(_ first: Checkpoint, _ second: Checkpoint) {
        metadata = Set(first.metadata.keys).union(second.metadata.keys).sorted()
            .filter { first.metadata[$0] != second.metadata[$0] }
            .map { ($0, first.metadata[$0], second.metadata[$0]) }
        let others = Dictionary(second.allTensors.map { (ExactName($0.name), $0) }) { one, _ in one }
        let own = Set(first.allTensors.map { ExactName($0.name) })
        var tensors: [(name: String, difference: TensorDifference)] = []
        for tensor in first.allTensors {
            if let difference = Self.difference(tensor, others[ExactName(tensor.name)]) {
                tensors.append((tensor.name, difference))
            }
        }
        same = first.allTensors.count - tensors.count
        for tensor in second.allTensors where !own.contains(ExactName(tensor.name)) {
            tensors.append((tensor.name, .onlyInSecond))
        }
        self.tensors = tensors + Self.unread(first.unread, second.unread)
    }

    /// Returns the differences of tensors whose numbers were not read.
    private static func unread(
        _ first: [ListedTensor], _ second: [ListedTensor]
    ) -> [(name: String, difference: TensorDifference)] {
        let others = Dictionary(second.map { (ExactName($0.name), $0) }) { one, _ in one }
        let own = Set(first.map { ExactName($0.name) })
        return first.map { tensor in
            guard let other = others[ExactName(tensor.name)] else { return (tensor.name, .onlyInFirst) }
            let isAlike = tensor.type == other.type && tensor.shape == other.shape
            return (
                tensor.name,
                isAlike ? .notCompared(type: tensor.type.rawValue) : .kind(first: tensor.kind, second: other.kind)
            )
        } + second.filter { !own.contains(ExactName($0.name)) }.map { ($0.name, .onlyInSecond) }
    }

    private static func difference(_ first: NamedTensor, _ second: NamedTensor?) -> TensorDifference? {
        guard let second else { return .onlyInFirst }
        guard first.shape == second.shape, first.storage.type == second.storage.type else {
            return .kind(first: first.kind, second: second.kind)
        }
        var (count, largest) = (0, 0.0)
        switch (first.storage, second.storage) {
        case (.float32(let left), .float32(let right)):
            for (a, b) in zip(left, right) where a.bitPattern != b.bitPattern {
                count += 1
                let distance = (Double(a) - Double(b)).magnitude
                if distance.isNaN || distance > largest { largest = distance }
            }
        case (.int64(let left), .int64(let right)):
            for (a, b) in zip(left, right) where a != b {
                count += 1
                largest = max(largest, (Double(a) - Double(b)).magnitude)
            }
        default: break
        }
        return count == 0 ? nil : .values(count: count, of: first.storage.count, largest: largest)
    }
}
