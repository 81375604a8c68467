import Datasets
import Recipes

extension Recipe.ClassWeights {
    /// Returns the weight of each of a network's classes.
    ///
    /// - Parameters:
    ///   - dataset: one with the network's labels.
    ///   - classes: the number of the network's classes.
    /// - Throws: where there are more or fewer weights, or weights for unknown classes.
    func weights(of dataset: any Dataset, classes: Int) throws(TrainingError) -> [Float] {
        switch self {
        case .balanced:
            var counts = [Int](repeating: 0, count: classes)
            let samples = dataset.count(of: .train)
            for index in 0..<samples { counts[dataset.label(at: index, in: .train)] += 1 }
            let present = counts.count { $0 > 0 }
            // A class without samples is neither rare nor frequent.
            return counts.map { $0 > 0 ? Float(Double(samples) / (Double(present) * Double($0))) : 1 }
        case .list(let list):
            guard list.count == classes else { throw .classWeights(found: list.count, classes: classes) }
            return list.map { Float($0) }
        case .named(let named):
            let names = dataset.classNames
            let unknown = named.keys.filter { !names.contains($0) }.sorted()
            guard unknown.isEmpty else { throw .unknownWeighedClasses(found: unknown, classes: names) }
            return (0..<classes).map { $0 < names.count ? Float(named[names[$0]] ?? 1) : 1 }
        case .file(let path): preconditionFailure("the class weights in \(path) were not read")
        }
    }
}

extension LoadedBatch {
    /// Returns the batch with its losses divided by the weights of the remaining samples, where all ranks together
    /// leave out `counts` of each class.
    func withoutWeights(of counts: [Double], _ weights: [Float]) -> LoadedBatch {
        guard let divisor = lossDivisor else { return self }
        var batch = self
        let left = zip(counts, weights).reduce(divisor) { $0 - $1.0 * Double($1.1) }
        batch.lossDivisor = left
        for pass in batch.earlierPasses.indices { batch.earlierPasses[pass].lossDivisor = left }
        return batch
    }
}
