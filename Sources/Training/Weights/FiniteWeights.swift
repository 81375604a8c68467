package import Checkpoints
import Engine

extension Sequence where Element == NamedTensor {
    /// Refuses tensors with infinite or NaN numbers, with which all results would be NaN.
    ///
    /// - Parameter path: the file's name in messages.
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
    /// Refuses infinite or NaN numbers in the tensors that fit.
    ///
    /// - Throws: `TrainingError.weightsNotFinite`
    func requireFinite(path: String) throws(TrainingError) {
        try fitting.sorted { $0.key < $1.key }.lazy.map(\.value).requireFinite(path: path)
    }
}
