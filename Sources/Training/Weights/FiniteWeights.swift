package import Checkpoints
import Engine

extension Sequence where Element == NamedTensor {
    /// Refuses tensors with numbers that are infinite or none: whatever is computed with them is none either.
    ///
    /// - Parameter path: what messages call the file that they are from.
    /// - Throws: `TrainingError.weightsNotFinite`
    package func requireFinite(path: String) throws(TrainingError) {
        for tensor in self {
            guard let bad = tensor.notFinite else { continue }
            throw .weightsNotFinite(
                path: path, tensor: tensor.name, found: bad.first, count: bad.count, of: tensor.storage.count)
        }
    }
}

extension WeightsFit {
    /// Refuses numbers that are infinite or none among what would be taken over.
    ///
    /// - Throws: `TrainingError.weightsNotFinite`
    func requireFinite(path: String) throws(TrainingError) {
        try fitting.sorted { $0.key < $1.key }.lazy.map(\.value).requireFinite(path: path)
    }
}
