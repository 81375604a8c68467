package import Checkpoints
package import Engine
import Graphs
import Networks
import Terminal

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
    /// - Parameters:
    ///   - path: what messages call the file that it is from.
    ///   - updates: how many updates it has seen.
    ///   - beginsMissing: whether memories that the file does not have begin at zero, and others are left out.
    /// - Returns: what was begun or left out, as lines to be read.
    /// - Throws: `TrainingError.otherOptimizer` where the memories are another optimizer's, `.unfitCheckpoint` where a
    ///   tensor is missing, too much, or of another type or shape; `.weightsNotFinite`
    @discardableResult
    package func loadOptimizer(
        _ tensors: [NamedTensor], from path: String, updates: Int, beginsMissing: Bool = false
    ) throws(TrainingError) -> [String] {
        let found = Checkpoint(tensors: [], optimizer: tensors, metadata: [:]).optimizerKinds
        let needed = optimizerKinds.map(\.memory)
        guard beginsMissing || Set(found) == Set(needed) else {
            throw .otherOptimizer(path: path, found: found, needed: needed)
        }
        for kind in optimizerKinds {
            guard found.contains(kind.memory) else {
                clear(kind)
                continue
            }
            let prefix = kind.tensorName(of: "")
            try load(tensors.filter { $0.name.hasPrefix(prefix) }, of: kind, from: path)
        }
        let (missing, extra) = (needed.filter { !found.contains($0) }, found.filter { !needed.contains($0) })
        // What corrects the beginning of averages over gradients begins anew with any of them.
        self.updates = missing.isEmpty ? updates : 0
        var notes: [String] = []
        if !missing.isEmpty { notes.append("begun at zero for the optimizer: " + Wording.few(missing)) }
        if !extra.isEmpty { notes.append("left out of what the optimizer remembered: " + Wording.few(extra)) }
        return notes
    }

    /// Takes over averages; they begin with the values as they are where there are none.
    ///
    /// - Parameter path: what messages call the file that they are from.
    /// - Throws: `TrainingError.unfitCheckpoint` where one is missing, too many, or of another type or shape;
    ///   `.weightsNotFinite`
    package func loadAverages(_ tensors: [NamedTensor], from path: String) throws(TrainingError) {
        beginAverages()
        if !tensors.isEmpty { try load(tensors, of: .averages, from: path) }
    }

    /// Takes over a part of the state but values.
    private func load(_ tensors: [NamedTensor], of kind: StateKind, from path: String) throws(TrainingError) {
        let places = parameters.places(in: kind)
        let fit = WeightsFit(tensors, to: places.map { parameters[$0] }, called: kind.tensorName(of:))
        guard fit.misfits.isEmpty else { throw .unfitCheckpoint(misfits: fit.misfitLines) }
        try fit.requireFinite(path: path)
        for (index, tensor) in fit.fitting {
            if let values = tensor.floats { setValues(of: ParameterID(index: places[index]), in: kind, to: values) }
        }
    }
}

extension StateKind {
    /// A checkpoint's name for the tensor of a parameter or buffer in this part of the state.
    package func tensorName(of name: String) -> String {
        switch self {
        case .values: name
        case .optimizer(let memory): Checkpoint.optimizerName(memory, of: name)
        case .averages: Checkpoint.averagedName(of: name)
        }
    }

    /// An optimizer's name for it; empty for other parts.
    fileprivate var memory: String {
        if case .optimizer(let memory) = self { memory } else { "" }
    }
}

extension [ParameterSpecification] {
    /// The places of those that a part of an engine's state has numbers of.
    fileprivate func places(in kind: StateKind) -> [Int] {
        indices.filter { self[$0].isTrainable || kind.hasBuffers && self[$0].role != .batchesTracked }
    }
}

extension EngineSnapshot {
    /// A checkpoint of it, whose first tensors are those that `Engine.tensors` had.
    func draft(_ about: Checkpoint.About) -> CheckpointDraft {
        // Counts of batches stand among the values, and have no storage there.
        let tensors = kinds.flatMap { kind in
            (kind == .values ? Array(parameters.indices) : parameters.places(in: kind)).map { (kind: kind, index: $0) }
        }
        let outlines = tensors.map { kind, index in
            TensorOutline(
                name: kind.tensorName(of: parameters[index].name), shape: parameters[index].shape,
                type: parameters[index].role == .batchesTracked ? .int64 : .float32)
        }
        return CheckpointDraft(tensors: outlines, about: about) { (tensor, write) throws(CheckpointError) in
            let (kind, index) = tensors[tensor]
            if parameters[index].role == .batchesTracked { return try write([Int64(batchesTracked)].span.bytes) }
            try forEachRun(of: ParameterID(index: index), in: kind) { (run) throws(CheckpointError) in
                try write(run.bytes)
            }
        }
    }
}
