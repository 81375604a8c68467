package import Checkpoints
import Engine
package import Graphs
import Networks

/// What of a file's tensors a network can take over, and what not.
package struct WeightsFit: Equatable, Sendable {
    /// The tensors that fit, by the index of the parameter.
    package let fitting: [Int: NamedTensor]
    /// What does not: first what the network has, in its order, then what only the file has.
    package let misfits: [Misfit]

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

    /// Counts of batches may be missing, as they are from files of old: they move nothing.
    ///
    /// - Parameter tensorName: what the tensor for a parameter of this name is called.
    package init(
        _ tensors: [NamedTensor], to parameters: [ParameterSpecification],
        called tensorName: (String) -> String = { $0 }
    ) {
        var left = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var fitting: [Int: NamedTensor] = [:]
        var misfits: [Misfit] = []
        for (index, parameter) in parameters.enumerated() {
            let name = tensorName(parameter.name)
            let tensor = left.removeValue(forKey: name)
            if let reason = Self.reason(against: tensor, parameter) {
                misfits.append(Misfit(tensor: name, reason: reason))
            } else {
                fitting[index] = tensor
            }
        }
        misfits += tensors.filter { left[$0.name] != nil }.map {
            Misfit(tensor: $0.name, reason: .extra(found: $0.shape))
        }
        self.fitting = fitting
        self.misfits = misfits
    }

    /// Why a tensor cannot be the parameter; nil where it can.
    private static func reason(against tensor: NamedTensor?, _ parameter: ParameterSpecification) -> Reason? {
        let isCount = parameter.role == .batchesTracked
        guard let tensor else { return isCount ? nil : .missing(expected: parameter.shape) }
        guard (tensor.integers != nil) == isCount else {
            return isCount
                ? .otherType(found: "float32", expected: "int64") : .otherType(found: "int64", expected: "float32")
        }
        guard tensor.shape == parameter.shape else {
            return .otherShape(found: tensor.shape, expected: parameter.shape)
        }
        return nil
    }

    /// Refuses what does not fit, or, where that may be skipped, a file of which nothing does.
    ///
    /// - Throws: `TrainingError.unfitWeights` or `.foreignWeights`
    package func check(path: String, model: String, skipsMismatched: Bool) throws(TrainingError) {
        guard fitting.values.contains(where: { $0.floats != nil }) else {
            throw .foreignWeights(path: path, model: model, misfits: misfits.map(\.description))
        }
        guard skipsMismatched || misfits.isEmpty else {
            throw .unfitWeights(path: path, model: model, misfits: misfits.map(\.description))
        }
    }
}

extension WeightsFit.Misfit: CustomStringConvertible {
    /// `fc.weight is 1000x512, expected 10x512`
    package var description: String {
        switch reason {
        case .missing(let expected): "\(tensor) (\(words(expected))) is missing"
        case .extra(let found): "\(tensor) (\(words(found))) is not in the network"
        case .otherShape(let found, let expected): "\(tensor) is \(words(found)), expected \(words(expected))"
        case .otherType(let found, let expected): "\(tensor) is \(found), expected \(expected)"
        }
    }

    private func words(_ shape: [Int]) -> String {
        shape.isEmpty ? "a scalar" : shape.map(String.init).joined(separator: "x")
    }
}

extension Engine {
    /// Takes over what fits; the rest stays as it is.
    func take(_ fit: WeightsFit) {
        for (index, tensor) in fit.fitting {
            if let values = tensor.floats { setValues(of: ParameterID(index: index), to: values) }
        }
        // One counter stands for all norms; in a file they differ only where some were not trained.
        batchesTracked = Int(fit.fitting.values.compactMap { $0.integers?.first }.max() ?? 0)
    }
}
