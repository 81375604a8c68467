package import Checkpoints
package import Engine
import Graphs
import Networks

extension Engine {
    /// Draws all initial values: a function of the seed alone.
    package func initialize(seed: UInt64) {
        let initializer = Initializer(seed: seed)
        setValues { initializer.values(of: $0) }
        batchesTracked = 0
    }

    /// Parameters and buffers in canonical order, under torchvision's names.
    package var tensors: [NamedTensor] { parameters.indices.map(tensor) }

    /// The first parameter or buffer with a number that is infinite or none.
    var firstNotFinite: NamedTensor? { parameters.indices.lazy.map(tensor).first { $0.notFinite != nil } }

    private func tensor(_ index: Int) -> NamedTensor {
        let parameter = parameters[index]
        return NamedTensor(
            name: parameter.name, shape: parameter.shape,
            storage: parameter.role == .batchesTracked
                ? .int64([Int64(batchesTracked)]) : .float32(values(of: ParameterID(index: index))))
    }

    /// What the optimizer remembers of each parameter that training moves.
    package var optimizerTensors: [NamedTensor] {
        parameters.enumerated().filter(\.element.isTrainable).map { index, parameter in
            NamedTensor(
                name: Checkpoint.momentumName(of: parameter.name), shape: parameter.shape,
                storage: .float32(momentum(of: ParameterID(index: index))))
        }
    }

    /// SHA-256 of all parameters and buffers in canonical order, of which one at a time is copied.
    package var parametersSHA256: String { sha256(of: parameters.indices.lazy.map(tensor)) }

    /// Takes over parameters and buffers: these and no others, so that a file of another network is not mistaken.
    ///
    /// - Parameter path: what messages call the file that they are from.
    /// - Throws: `TrainingError.unfitCheckpoint` where one is missing, too many, or of another type or shape;
    ///   `.weightsNotFinite`
    package func load(_ tensors: [NamedTensor], from path: String) throws(TrainingError) {
        let fit = WeightsFit(tensors, to: parameters)
        guard fit.misfits.isEmpty else { throw .unfitCheckpoint(misfits: fit.misfitLines) }
        try fit.requireFinite(path: path)
        take(fit)
    }

    /// Takes over what the optimizer remembered.
    ///
    /// - Parameter path: what messages call the file that it is from.
    /// - Throws: `TrainingError.unfitCheckpoint` where something is missing, too much, or of another type or
    ///   shape; `.weightsNotFinite`
    package func loadOptimizer(_ tensors: [NamedTensor], from path: String) throws(TrainingError) {
        let trainable = parameters.indices.filter { parameters[$0].isTrainable }
        let fit = WeightsFit(
            tensors, to: trainable.map { parameters[$0] }, called: Checkpoint.momentumName(of:))
        guard fit.misfits.isEmpty else { throw .unfitCheckpoint(misfits: fit.misfitLines) }
        try fit.requireFinite(path: path)
        for (index, tensor) in fit.fitting {
            if let values = tensor.floats { setMomentum(of: ParameterID(index: trainable[index]), to: values) }
        }
    }
}

extension Engine {
    /// Takes over averages; they begin with the values as they are where there are none.
    ///
    /// - Parameter path: what messages call the file that they are from.
    /// - Throws: `TrainingError.unfitCheckpoint` where one is missing, too many, or of another type or shape;
    ///   `.weightsNotFinite`; `MemoryError.refused`
    package func loadAverages(_ tensors: [NamedTensor], from path: String) throws {
        try beginAverages()
        guard !tensors.isEmpty else { return }
        let averaged = parameters.indices.filter { parameters[$0].role != .batchesTracked }
        let fit = WeightsFit(tensors, to: averaged.map { parameters[$0] }, called: Checkpoint.averagedName(of:))
        guard fit.misfits.isEmpty else { throw TrainingError.unfitCheckpoint(misfits: fit.misfitLines) }
        try fit.requireFinite(path: path)
        for (index, tensor) in fit.fitting {
            if let values = tensor.floats { setAverage(of: ParameterID(index: averaged[index]), to: values) }
        }
    }
}

extension EngineSnapshot {
    /// A checkpoint of it, whose tensors are those that `Engine.tensors` and `Engine.optimizerTensors` had.
    func draft(_ about: Checkpoint.About) -> CheckpointDraft {
        let trainable = parameters.indices.filter { parameters[$0].isTrainable }
        let values = parameters.map { parameter in
            TensorOutline(
                name: parameter.name, shape: parameter.shape,
                type: parameter.role == .batchesTracked ? .int64 : .float32)
        }
        let momentum = trainable.map { index in
            TensorOutline(
                name: Checkpoint.momentumName(of: parameters[index].name), shape: parameters[index].shape,
                type: .float32)
        }
        let averaged = hasAverages ? parameters.indices.filter { parameters[$0].role != .batchesTracked } : []
        let averages = averaged.map { index in
            TensorOutline(
                name: Checkpoint.averagedName(of: parameters[index].name), shape: parameters[index].shape,
                type: .float32)
        }
        let firstAverage = parameters.count + trainable.count
        return CheckpointDraft(tensors: values + momentum + averages, about: about) {
            (tensor, write) throws(CheckpointError) in
            func writeFloats(_ run: Span<Float>) throws(CheckpointError) { try write(run.bytes) }
            if tensor >= firstAverage {
                try forEachRun(ofAverage: ParameterID(index: averaged[tensor - firstAverage]), writeFloats)
            } else if tensor >= parameters.count {
                try forEachRun(ofMomentum: ParameterID(index: trainable[tensor - parameters.count]), writeFloats)
            } else if parameters[tensor].role == .batchesTracked {
                try write([Int64(batchesTracked)].span.bytes)
            } else {
                try forEachRun(ofValues: ParameterID(index: tensor), writeFloats)
            }
        }
    }
}
