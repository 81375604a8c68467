package import Checkpoints
import Engine
package import Graphs
package import Networks
import Tensors
import Terminal

/// The tensors of a file that a network can load, and those that do not fit.
package struct WeightsFit: Equatable, Sendable {
    /// The tensors that fit, by the index of the parameter; counts of batches are scalars in a sane range.
    package let fitting: [Int: NamedTensor]
    /// The tensors that do not fit: first those that the network has, in its order, then those that only the file has.
    package let misfits: [Misfit]
    /// The indices of auxiliary heads' parameters, where the file has no such heads: predictions do not need them.
    package let absent: [Int]
    /// Further notes, one a line for people.
    package let notes: [String]
    /// The number of the network's trainable numbers, and of those that the file gives. Absent heads do not count.
    package let parameters: Int
    package let taken: Int

    package struct Misfit: Equatable, Sendable {
        package let tensor: String
        package let reason: Reason
    }

    package enum Reason: Equatable, Sendable {
        case missing(expected: [Int])
        case extra(found: [Int])
        case otherShape(found: [Int], expected: [Int])
        case otherType(found: String, expected: String)
    }

    /// Counts of batches may be missing, as in old files, and have any form that PyTorch accepts, as they affect no
    /// result.
    ///
    /// - Parameters:
    ///   - unread: tensors of which the file has only the names.
    ///   - auxiliary: the layers of auxiliary heads, all of which the file may lack.
    ///   - tensorName: returns the name of the tensor for a parameter.
    package init(
        _ tensors: [NamedTensor], unread: [ListedTensor] = [], to parameters: [ParameterSpecification],
        auxiliary: Set<String> = [], called tensorName: (String) -> String = { $0 }
    ) {
        var left = Dictionary(tensors.map { (ExactName($0.name), $0) }, uniquingKeysWith: { first, _ in first })
        var leftUnread = Dictionary(unread.map { (ExactName($0.name), $0) }, uniquingKeysWith: { first, _ in first })
        let heads = parameters.indices.filter { auxiliary.contains(parameters[$0].layer) }
        let hasHeads = heads.contains { index in
            let name = ExactName(tensorName(parameters[index].name))
            return left[name] != nil || leftUnread[name] != nil
        }
        absent = hasHeads ? [] : heads
        let skipped = Set(absent)
        var fitting: [Int: NamedTensor] = [:]
        var misfits: [Misfit] = []
        var heldCounts: [String] = []
        var (all, taken) = (0, 0)
        for (index, parameter) in parameters.enumerated() where !skipped.contains(index) {
            let name = tensorName(parameter.name)
            let tensor = left.removeValue(forKey: ExactName(name))
            let isTrainable = parameter.isTrainable
            if isTrainable { all += parameter.count }
            if tensor == nil, let listed = leftUnread.removeValue(forKey: ExactName(name)) {
                let expected = parameter.role == .batchesTracked ? "int64" : "float32"
                misfits.append(
                    Misfit(tensor: name, reason: .otherType(found: listed.type.rawValue, expected: expected)))
            } else if let reason = Self.reason(against: tensor, parameter) {
                misfits.append(Misfit(tensor: name, reason: reason))
            } else if let tensor {
                if isTrainable { taken += parameter.count }
                fitting[index] = parameter.role == .batchesTracked ? Self.count(tensor, &heldCounts) : tensor
            }
        }
        misfits += tensors.filter { left[ExactName($0.name)] != nil }.map {
            Misfit(tensor: $0.name, reason: .extra(found: $0.shape))
        }
        misfits += unread.filter { leftUnread[ExactName($0.name)] != nil }.map {
            Misfit(tensor: $0.name, reason: .extra(found: $0.shape))
        }
        self.fitting = fitting
        self.misfits = misfits
        notes =
            heldCounts.first.map { first in
                heldCounts.count == 1
                    ? [first] : ["\(first), and so are \(Wording.count(heldCounts.count - 1, "other count"))"]
            } ?? []
        (self.parameters, self.taken) = (all, taken)
    }

    /// Compares a file with a network of these parameters.
    package init(_ file: WeightsFile, to parameters: [ParameterSpecification], of network: Network) {
        self.init(file.tensors, unread: file.unread, to: parameters, auxiliary: network.auxiliaryLayers)
    }

    /// Returns the reason why a tensor cannot be the parameter; nil where it can.
    private static func reason(against tensor: NamedTensor?, _ parameter: ParameterSpecification) -> Reason? {
        let isCount = parameter.role == .batchesTracked
        guard let tensor else { return isCount ? nil : .missing(expected: parameter.shape) }
        if isCount {
            // Before PyTorch 0.4 a scalar was a vector of one number, which PyTorch still accepts.
            return tensor.shape.count <= 1 && tensor.storage.count > 0
                ? nil : .otherShape(found: tensor.shape, expected: parameter.shape)
        }
        guard tensor.integers == nil else { return .otherType(found: "int64", expected: "float32") }
        guard tensor.shape == parameter.shape else {
            return .otherShape(found: tensor.shape, expected: parameter.shape)
        }
        return nil
    }

    /// The highest count of batches: higher ones could overflow, and a float64 still counts to this one by one.
    private static let mostBatches: Int64 = 1 << 53

    /// Returns a count of batches in our form; adds a note to `held` where it had to be clamped.
    private static func count(_ tensor: NamedTensor, _ held: inout [String]) -> NamedTensor {
        let found = tensor.integers?.first.map { "\($0)" } ?? tensor.floats?.first.map { "\($0)" } ?? "none"
        let whole = tensor.integers?.first ?? tensor.floats?.first.map { Int64(held: $0) } ?? 0
        let count = min(max(whole, 0), mostBatches)
        if count != whole || tensor.floats?.first?.isFinite == false {
            held.append("\(tensor.name) is \(found), taken as \(count)")
        }
        return NamedTensor(name: tensor.name, shape: [], storage: .int64([count]))
    }

    /// Refuses tensors that do not fit or, where these may be skipped, a file with less than half of the network.
    ///
    /// - Parameter isForced: whether a single tensor that fits is enough.
    /// - Throws: `TrainingError.unfitWeights`, `.fewWeights` or `.foreignWeights`
    package func check(path: String, model: String, skipsMismatched: Bool, isForced: Bool) throws(TrainingError) {
        guard fitting.values.contains(where: { $0.floats != nil }) else {
            throw .foreignWeights(path: path, model: model, misfits: misfitLines)
        }
        guard skipsMismatched || misfits.isEmpty else {
            throw .unfitWeights(path: path, model: model, misfits: misfitLines)
        }
        guard isForced || 2 * taken >= parameters else {
            throw .fewWeights(path: path, model: model, taken: taken, of: parameters, misfits: misfitLines)
        }
    }

    /// Returns notes on the heads that the file lacks, one a line for people.
    ///
    /// - Parameter isDrawn: whether they begin with random weights; otherwise they are not needed.
    package func headNotes(of network: Network, isDrawn: Bool) -> [String] {
        guard !absent.isEmpty else { return [] }
        var notes = [
            "it has no auxiliary heads, \(isDrawn ? "which begin with drawn weights" : "which only training needs")"
        ]
        if network.inputTransform == nil, network.name == Self.published {
            notes.append(
                "if these are torchvision's published weights, say --model-option transform_input=true, "
                    + "as it does for them"
            )
        }
        return notes
    }

    /// The model whose published weights have no auxiliary heads and expect other images.
    private static let published = "googlenet"
}

extension Int64 {
    /// Makes the nearest integer in range; 0 for NaN.
    fileprivate init(held value: Float) {
        self = value.isNaN ? 0 : Int64(exactly: value.rounded()) ?? (value < 0 ? .min : .max)
    }
}

extension ParameterSpecification {
    /// The layer of the tensor: its name up to the last dot.
    fileprivate var layer: String { name.lastIndex(of: ".").map { String(name[..<$0]) } ?? "" }
}

// MARK: - Words

extension WeightsFit.Misfit: CustomStringConvertible {
    /// The misfit in words: `fc.weight is 1000x512, expected 10x512`.
    package var description: String {
        switch reason {
        case .missing(let expected): "\(name) (\(words(expected))) is missing"
        case .extra(let found): "\(name) (\(words(found))) is not in the network"
        case .otherShape(let found, let expected): "\(name) is \(words(found)), expected \(words(expected))"
        case .otherType(let found, let expected): "\(name) is \(found), expected \(expected)"
        }
    }

    /// The name from a file in a form that may be shown.
    fileprivate var name: String { Wording.shown(tensor) }

    private func words(_ shape: [Int]) -> String {
        shape.isEmpty ? "a scalar" : shape.map(String.init).joined(separator: "x")
    }
}

extension WeightsFit {
    /// The misfits in at most three lines: tensors of other kinds, those that the file lacks and those that the network
    /// does not have, and which of the two could be the same.
    package var misfitLines: [String] {
        var (missing, extra, others): ([Misfit], [Misfit], [Misfit]) = ([], [], [])
        for misfit in misfits {
            switch misfit.reason {
            case .missing: missing.append(misfit)
            case .extra: extra.append(misfit)
            default: others.append(misfit)
            }
        }
        // Counts of batches matter least.
        let isCount = { (misfit: Misfit) in misfit.tensor.hasSuffix(".num_batches_tracked") }
        extra = extra.filter { !isCount($0) } + extra.filter(isCount)
        func few(_ misfits: [Misfit]) -> String { Wording.few(misfits.map(\.description), most: 4) }
        let lists = [others + (extra.isEmpty ? missing : []), extra.isEmpty ? [] : missing].filter { !$0.isEmpty }
        var lines = [lists.map(few).joined(separator: ", ")] + (extra.isEmpty ? [] : [few(extra)])
        let pairs = Self.nearestPairs(missing, extra)
        if !pairs.isEmpty {
            lines.append("nearest: " + pairs.map { "\($0.name) could be \($1.name)" }.joined(separator: ", "))
        }
        return lines.filter { !$0.isEmpty }
    }

    /// Returns up to three names of the network, each with the most similar one of the file: of the same shape, with
    /// the longest common ending, at least from the last dot on, or else spelt most alike.
    private static func nearestPairs(_ missing: [Misfit], _ extra: [Misfit]) -> [(Misfit, Misfit)] {
        // A file may list a million names, some of them long.
        let extra = extra.prefix(2000).filter { $0.tensor.utf8.count <= 200 }
        var pairs: [(Misfit, Misfit)] = []
        for wanted in missing.prefix(50) where pairs.count < 3 {
            let alike = extra.filter { $0.shape == wanted.shape }
            let ends = alike.map { $0.commonEnd(with: wanted) }
            if let longest = ends.max(), longest >= wanted.leafLength, let place = ends.firstIndex(of: longest) {
                pairs.append((wanted, alike[place]))
            } else if let name = Spelling.nearest(to: wanted.tensor, among: alike.map(\.tensor)),
                let other = alike.first(where: { $0.tensor == name })
            {
                pairs.append((wanted, other))
            }
        }
        return pairs
    }
}

extension WeightsFit.Misfit {
    /// The bytes of the name from its last dot on.
    fileprivate var leafLength: Int {
        let reversed = tensor.utf8.reversed()
        return reversed.prefix { $0 != UInt8(ascii: ".") }.count + (tensor.utf8.contains(UInt8(ascii: ".")) ? 1 : 0)
    }

    fileprivate func commonEnd(with other: Self) -> Int {
        zip(tensor.utf8.reversed(), other.tensor.utf8.reversed()).prefix { $0 == $1 }.count
    }

    fileprivate var shape: [Int] {
        switch reason {
        case .missing(let shape), .extra(let shape): shape
        case .otherShape(let found, _): found
        case .otherType: []
        }
    }
}

extension Engine {
    /// Loads the tensors that fit; other parameters stay unchanged.
    func take(_ fit: WeightsFit) {
        for (index, tensor) in fit.fitting {
            if let values = tensor.floats { setValues(of: ParameterID(index: index), to: values) }
        }
        // One counter stands for all norms; in a file they differ only where some were not trained.
        batchesTracked = Int(fit.fitting.values.compactMap { $0.integers?.first }.max() ?? 0)
    }
}
