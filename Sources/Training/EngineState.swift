package import Checkpoints
package import Engine
import Graphs
import Networks

extension Engine {
    /// Draws all initial values: a function of the seed alone.
    package func initialize(seed: UInt64) {
        let initializer = Initializer(seed: seed)
        for (index, parameter) in parameters.enumerated() where parameter.role != .batchesTracked {
            setValues(of: ParameterID(index: index), to: initializer.values(of: parameter))
        }
        batchesTracked = 0
    }

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

    /// Takes over parameters and buffers: these and no others, so that a file of another network is not mistaken.
    ///
    /// - Throws: `TrainingError.unfitCheckpoint` where one is missing, too many, or of another type or shape.
    package func load(_ tensors: [NamedTensor]) throws(TrainingError) {
        let fit = WeightsFit(tensors, to: parameters)
        guard fit.misfits.isEmpty else { throw .unfitCheckpoint(misfits: fit.misfits.map(\.description)) }
        take(fit)
    }

    /// Takes over what the optimizer remembered.
    ///
    /// - Throws: `TrainingError.unfitCheckpoint` where something is missing, too much, or of another type or shape.
    package func loadOptimizer(_ tensors: [NamedTensor]) throws(TrainingError) {
        let trainable = parameters.indices.filter { parameters[$0].isTrainable }
        let fit = WeightsFit(
            tensors, to: trainable.map { parameters[$0] }, called: Checkpoint.momentumName(of:))
        guard fit.misfits.isEmpty else { throw .unfitCheckpoint(misfits: fit.misfits.map(\.description)) }
        for (index, tensor) in fit.fitting {
            if let values = tensor.floats { setMomentum(of: ParameterID(index: trainable[index]), to: values) }
        }
    }
}

extension EngineSnapshot {
    /// Parameters and buffers as `Engine.tensors` had them. Only once.
    func takeTensors() -> [NamedTensor] {
        var values: [Int: [Float]] = [:]
        takeValues { id, taken in values[id.index] = taken }
        return parameters.enumerated().map { index, parameter in
            let storage: NamedTensor.Storage =
                parameter.role == .batchesTracked
                ? .int64([Int64(batchesTracked)]) : .float32(values.removeValue(forKey: index) ?? [])
            return NamedTensor(name: parameter.name, shape: parameter.shape, storage: storage)
        }
    }

    /// What the optimizer remembered, as `Engine.optimizerTensors` had it. Only once.
    func takeOptimizerTensors() -> [NamedTensor] {
        var values: [Int: [Float]] = [:]
        takeMomentum { id, taken in values[id.index] = taken }
        return parameters.enumerated().filter(\.element.isTrainable).map { index, parameter in
            NamedTensor(
                name: Checkpoint.momentumName(of: parameter.name), shape: parameter.shape,
                storage: .float32(values.removeValue(forKey: index) ?? []))
        }
    }
}
