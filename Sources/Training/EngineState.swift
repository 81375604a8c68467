package import Checkpoints
package import Engine
import Graphs

extension Engine {
    /// Parameters and buffers in canonical order, under torchvision's names.
    package var tensors: [NamedTensor] {
        parameters.enumerated().map { index, parameter in
            if parameter.role == .batchesTracked {
                return NamedTensor(
                    name: parameter.name, shape: parameter.shape, storage: .int64([Int64(batchesTracked)]))
            }
            return NamedTensor(
                name: parameter.name, shape: parameter.shape, storage: .float32(values(of: ParameterID(index: index))))
        }
    }

    /// What the optimizer remembers of each parameter that training moves.
    package var optimizerTensors: [NamedTensor] {
        parameters.enumerated().filter(\.element.isTrainable).map { index, parameter in
            NamedTensor(
                name: Checkpoint.momentumName(of: parameter.name), shape: parameter.shape,
                storage: .float32(momentum(of: ParameterID(index: index))))
        }
    }

    /// SHA-256 of all parameters and buffers in canonical order.
    package var parametersSHA256: String { sha256(of: tensors) }

    /// Takes over parameters and buffers. Tensors that the network does not have are let be: a checkpoint may hold auxiliary heads.
    ///
    /// - Throws: `TrainingError.unfitCheckpoint` where one is missing or of another shape.
    package func load(_ tensors: [NamedTensor]) throws {
        let named = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        batchesTracked = 0
        for (index, parameter) in parameters.enumerated() {
            if parameter.role == .batchesTracked {
                // Files of others may lack the count; it moves nothing here. One counter stands for all norms.
                batchesTracked = max(batchesTracked, Int(named[parameter.name]?.integers?.first ?? 0))
            } else {
                let values = try Self.values(parameter.name, shape: parameter.shape, in: named)
                setValues(of: ParameterID(index: index), to: values)
            }
        }
    }

    /// Takes over what the optimizer remembered.
    ///
    /// - Throws: `TrainingError.unfitCheckpoint` where something is missing or of another shape.
    package func loadOptimizer(_ tensors: [NamedTensor]) throws {
        let named = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for (index, parameter) in parameters.enumerated() where parameter.isTrainable {
            let name = Checkpoint.momentumName(of: parameter.name)
            setMomentum(of: ParameterID(index: index), to: try Self.values(name, shape: parameter.shape, in: named))
        }
    }

    private static func values(_ name: String, shape: [Int], in named: [String: NamedTensor]) throws -> [Float] {
        guard let tensor = named[name] else {
            throw TrainingError.unfitCheckpoint(what: name, found: "missing", expected: words(shape))
        }
        guard tensor.shape == shape, let values = tensor.floats else {
            throw TrainingError.unfitCheckpoint(what: name, found: words(tensor.shape), expected: words(shape))
        }
        return values
    }

    private static func words(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "x") }
}
