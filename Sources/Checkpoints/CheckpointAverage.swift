import Tensors

extension Checkpoint {
    /// Averages several checkpoints of one network: the mean of every parameter and running statistic, in float64 and
    /// in the order given; of counts the highest. (Izmailov et al., "Averaging Weights Leads to Wider Optima and Better
    /// Generalization", 2018.) The running statistics are thus means of those that belonged to the files' own weights.
    ///
    /// The result has the metadata of the newest checkpoint except for metrics, which nobody measured, and no optimizer
    /// state.
    /// - Parameter checkpoints: with their paths, at least one.
    /// - Throws: `unlike` where a file has other tensors, types or shapes than the first, or labels of other meanings.
    package static func average(
        of checkpoints: [(path: String, checkpoint: Checkpoint)]
    ) throws(CheckpointError) -> Checkpoint {
        precondition(!checkpoints.isEmpty, "the mean of no checkpoints")
        var newest: (about: About, path: String)?
        var classNames: [String] = []
        for (path, checkpoint) in checkpoints {
            let about = try checkpoint.about(path: path)
            try checkLike(checkpoints[0], (path, checkpoint))
            if classNames.isEmpty { classNames = about.classNames }
            guard
                about.classNames.isEmpty || about.classNames.map({ ExactName($0) }) == classNames.map({ ExactName($0) })
            else { throw .unlike(path: path, found: words(about.classNames), expected: words(classNames)) }
            if about.progress.globalStep >= newest?.about.progress.globalStep ?? 0 { newest = (about, path) }
        }
        guard var about = newest?.about else { preconditionFailure("no step is below 0") }
        about.metrics = [:]
        let tensors = checkpoints[0].checkpoint.tensors.indices.map { index in
            mean(checkpoints.map { $0.checkpoint.tensors[index] })
        }
        var average = Checkpoint(tensors: tensors, optimizer: [], about: about)
        average.metadata["averaged_from"] =
            "[" + checkpoints.map { HeaderJSON.quoted($0.path) }.joined(separator: ",") + "]"
        return average
    }

    private static func words(_ classNames: [String]) -> String {
        "the classes " + classNames.prefix(8).joined(separator: ", ") + (classNames.count > 8 ? ", …" : "")
    }

    /// Returns the differences in the presentation of pictures between several checkpoints: for each file that differs
    /// from the first file with a presentation, the keys that differ. Files without a presentation are skipped.
    package static func presentationDifferences(
        of checkpoints: [(path: String, checkpoint: Checkpoint)]
    ) throws(CheckpointError) -> [(path: String, keys: [String])] {
        var first: [String: String] = [:]
        var differences: [(path: String, keys: [String])] = []
        for (path, checkpoint) in checkpoints {
            let own = try checkpoint.about(path: path).presentation
            if first.isEmpty { first = own }
            guard !own.isEmpty else { continue }
            let keys = Set(first.keys).union(own.keys).filter { first[$0] != own[$0] }
            if !keys.isEmpty { differences.append((path, keys.sorted())) }
        }
        return differences
    }

    private static func checkLike(
        _ first: (path: String, checkpoint: Checkpoint), _ other: (path: String, checkpoint: Checkpoint)
    ) throws(CheckpointError) {
        let (own, others) = (first.checkpoint.tensors, other.checkpoint.tensors)
        for (tensor, its) in zip(own, others)
        where ExactName(tensor.name) != ExactName(its.name) || tensor.kind != its.kind {
            throw .unlike(path: other.path, found: "\(its.name) \(its.kind)", expected: "\(tensor.name) \(tensor.kind)")
        }
        guard own.count == others.count else {
            throw .unlike(path: other.path, found: "\(others.count) tensors", expected: "\(own.count)")
        }
    }

    private static func mean(_ tensors: [NamedTensor]) -> NamedTensor {
        let first = tensors[0]
        switch first.storage {
        case .int64(let values):
            let highest = tensors.dropFirst().reduce(values) { zip($0, $1.integers ?? []).map { max($0, $1) } }
            return NamedTensor(name: first.name, shape: first.shape, storage: .int64(highest))
        case .float32(let values):
            var sums = values.map { Double($0) }
            for tensor in tensors.dropFirst() {
                for (index, value) in (tensor.floats ?? []).enumerated() { sums[index] += Double(value) }
            }
            let means = sums.map { Float($0 / Double(tensors.count)) }
            return NamedTensor(name: first.name, shape: first.shape, storage: .float32(means))
        }
    }
}
