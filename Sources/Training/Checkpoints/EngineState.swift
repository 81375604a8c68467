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

    /// The first parameter or buffer with a number that is infinite or NaN; nil where there is none.
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

    /// Loads parameters and buffers: exactly these, so that a file of another network is refused.
    ///
    /// - Parameter path: the file's name in messages.
    /// - Throws: `TrainingError.unfitCheckpoint` where a tensor is missing, unknown, or of another type or shape;
    ///   `.weightsNotFinite`
    package func load(_ tensors: [NamedTensor], from path: String) throws(TrainingError) {
        let fit = WeightsFit(tensors, to: parameters)
        guard fit.misfits.isEmpty else { throw .unfitCheckpoint(misfits: fit.misfitLines) }
        try fit.requireFinite(path: path)
        take(fit)
    }

    /// Loads the optimizer's state.
    ///
    /// - Parameters:
    ///   - path: the file's name in messages.
    ///   - updates: the number of updates since that state began.
    ///   - beginsMissing: whether parts of the state that the file lacks begin at zero, and unknown ones are ignored.
    /// - Returns: notes for people on parts that were begun or ignored, one a line.
    /// - Throws: `TrainingError.otherOptimizer` for another optimizer's state, `.unfitCheckpoint` where a tensor is
    ///   missing, unknown, or of another type or shape; `.weightsNotFinite`
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
        // With any part that begins anew, so does the bias correction of means.
        self.updates = missing.isEmpty ? updates : 0
        var notes: [String] = []
        if !missing.isEmpty { notes.append("begun at zero for the optimizer: " + Wording.few(missing)) }
        if !extra.isEmpty { notes.append("left out of what the optimizer remembered: " + Wording.few(extra)) }
        return notes
    }

    /// Loads the averages; without any in the file they begin with the current values.
    ///
    /// - Parameter path: the file's name in messages.
    /// - Throws: `TrainingError.unfitCheckpoint` where a tensor is missing, unknown, or of another type or shape;
    ///   `.weightsNotFinite`
    package func loadAverages(_ tensors: [NamedTensor], from path: String) throws(TrainingError) {
        beginAverages()
        if !tensors.isEmpty { try load(tensors, of: .averages, from: path) }
    }

    /// Loads a part of the state other than values.
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
    /// Returns the name in a checkpoint for the tensor of a parameter or buffer in this part of the state.
    package func tensorName(of name: String) -> String {
        switch self {
        case .values: name
        case .optimizer(let memory): Checkpoint.optimizerName(memory, of: name)
        case .averages: Checkpoint.averagedName(of: name)
        }
    }

    /// The optimizer's name for this part; empty for other parts.
    fileprivate var memory: String {
        if case .optimizer(let memory) = self { memory } else { "" }
    }
}

extension [ParameterSpecification] {
    /// Returns the indices of the parameters and buffers that a part of an engine's state has.
    fileprivate func places(in kind: StateKind) -> [Int] {
        indices.filter { self[$0].isTrainable || kind.hasBuffers && self[$0].role != .batchesTracked }
    }
}

extension EngineSnapshot {
    /// Returns a checkpoint of the snapshot, with the tensors that `Engine.tensors` and `Engine.optimizerTensors` had.
    func draft(_ about: Checkpoint.About) -> CheckpointDraft {
        // Counts of batches are among the values, but have no storage there.
        let tensors = kinds.flatMap { kind in
            (kind == .values ? Array(parameters.indices) : parameters.places(in: kind)).map { (kind: kind, index: $0) }
        }
        let listed = tensors.map { kind, index in
            ListedTensor(
                name: kind.tensorName(of: parameters[index].name),
                type: parameters[index].role == .batchesTracked ? .int64 : .float32, shape: parameters[index].shape)
        }
        return CheckpointDraft(tensors: listed, about: about) { (tensor, write) throws(CheckpointError) in
            let (kind, index) = tensors[tensor]
            if parameters[index].role == .batchesTracked { return try write([Int64(batchesTracked)].span.bytes) }
            try forEachRun(of: ParameterID(index: index), in: kind) { (run) throws(CheckpointError) in
                try write(run.bytes)
            }
        }
    }
}
