/// The state of a training run: enough to continue it to the bit, and to use its network elsewhere.
package struct Checkpoint: Equatable, Sendable {
    /// Parameters and buffers under torchvision's names, in canonical order.
    package var tensors: [NamedTensor]
    /// The optimizer's state, under names that begin with `training.optimizer.`:
    /// `training.optimizer.momentum.fc.weight`.
    package var optimizer: [NamedTensor]
    /// Averages of parameters and buffers over time, under names that begin with `training.averaged.`.
    package var averaged: [NamedTensor]
    /// Texts by key; `About` reads and writes those that every checkpoint has.
    package var metadata: [String: String]
    /// The tensors of a file that was read whose numbers are of another type there than in `NamedTensor`. None in our
    /// files.
    package var converted: [ListedTensor] = []
    /// The tensors of a file that were not read, because they were not wanted or are of an unsupported type. None in
    /// our files.
    package var unread: [ListedTensor] = []

    /// - Precondition: all names of `optimizer` and `averaged` begin with their prefixes, and no others do.
    package init(
        tensors: [NamedTensor], optimizer: [NamedTensor], averaged: [NamedTensor] = [], metadata: [String: String]
    ) {
        precondition(
            optimizer.allSatisfy { $0.name.hasPrefix(Self.optimizerPrefix) }
                && averaged.allSatisfy { $0.name.hasPrefix(Self.averagedPrefix) }
                && !tensors.contains { Self.isOwn($0.name) },
            "names of optimizer state and averages, and only those, begin with \(Self.ownPrefix)")
        self.tensors = tensors
        self.optimizer = optimizer
        self.averaged = averaged
        self.metadata = metadata
    }

    /// The prefix of the names of all tensors that do not belong to the network.
    package static let ownPrefix = "training."
    package static let optimizerPrefix = ownPrefix + "optimizer."
    package static let averagedPrefix = ownPrefix + "averaged."

    /// Returns the name of the optimizer's state `kind` of the parameter `name`: `training.optimizer.KIND.NAME`.
    package static func optimizerName(_ kind: String, of name: String) -> String { "\(optimizerPrefix)\(kind).\(name)" }

    /// The kinds of the optimizer's state, such as `momentum`, in the order of their first tensors.
    package var optimizerKinds: [String] {
        var kinds: [String] = []
        for tensor in optimizer {
            let kind = String(tensor.name.dropFirst(Self.optimizerPrefix.count).prefix { $0 != "." })
            if !kinds.contains(kind) { kinds.append(kind) }
        }
        return kinds
    }

    /// Returns the name of the average of the parameter or buffer `name`.
    package static func averagedName(of name: String) -> String { averagedPrefix + name }

    /// Whether a tensor of this name belongs to training and not to the network.
    static func isOwn(_ name: String) -> Bool { name.hasPrefix(optimizerPrefix) || name.hasPrefix(averagedPrefix) }

    /// All tensors, in the order in which a file lists them.
    package var allTensors: [NamedTensor] { tensors + optimizer + averaged }

    /// The checkpoint with only parameters and buffers.
    package var weightsAlone: Checkpoint { Checkpoint(tensors: tensors, optimizer: [], metadata: [:]) }

    /// The checkpoint with averages over time in place of parameters and buffers, where there are any.
    package var withAverages: Checkpoint {
        let byName = Dictionary(averaged.map { ($0.name, $0) }) { first, _ in first }
        var other = self
        other.tensors = tensors.map { tensor in
            guard let average = byName[Self.averagedName(of: tensor.name)] else { return tensor }
            return NamedTensor(name: tensor.name, shape: average.shape, storage: average.storage)
        }
        return other
    }
}
