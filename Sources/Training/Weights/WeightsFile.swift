package import Checkpoints
import Files
import Tensors

/// A file of weights, ours or another program's, with tensors under the network's names.
package struct WeightsFile: Sendable {
    package let path: String
    /// The tensors that the network has names for; of our own files all.
    package let tensors: [NamedTensor]
    /// The tensors that were not read: the network has no such name, or their type is not supported.
    package let unread: [ListedTensor]
    package let metadata: [String: String]
    /// Notes on changes of names, one a line for people.
    package let notes: [String]

    /// Reads the file; tensors that the network has no names for are skipped.
    ///
    /// - Parameters:
    ///   - path: a file, or a run's folder, which stands for its newest valid checkpoint.
    ///   - names: the network's names of parameters and buffers.
    package init(contentsOf path: String, for names: [String]) throws(CheckpointError) {
        let (path, choice) = try Self.file(at: path)
        let wanted = Set(names.map { ExactName($0) })
        var found: WeightNames?
        let checkpoint = try Checkpoint(contentsOf: path) { listed in
            let names = WeightNames(listed.map(\.name), for: names)
            found = names
            return Set(listed.indices.filter { wanted.contains(ExactName(names[listed[$0].name])) })
        }
        self.path = path
        metadata = checkpoint.metadata
        // Our own files are read whole.
        guard let found else {
            (tensors, unread, notes) = (checkpoint.tensors, checkpoint.unread, choice)
            return
        }
        notes = choice + found.notes
        tensors = checkpoint.tensors.map {
            NamedTensor(name: found[$0.name], shape: $0.shape, storage: $0.storage)
        }
        unread = checkpoint.unread.map { ListedTensor(name: found[$0.name], type: $0.type, shape: $0.shape) }
    }

    /// Returns the file that a path stands for, and notes on the choice.
    private static func file(at path: String) throws(CheckpointError) -> (path: String, notes: [String]) {
        guard isFolder(path) else { return (path, []) }
        do throws(CheckpointError) {
            let found = try CheckpointDirectory.load(path)
            return (found.entry.path, found.passedOver.map(\.description) + ["\(found.entry.path) is the newest"])
        } catch .noneFound {
            throw .nothingThere(folder: path)
        }
    }
}
