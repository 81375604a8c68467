/// A checkpoint on its way into a file: what it says, and its tensors' bytes one after the other. A state that lies in
/// memory in another form is so written without a second copy of it.
package struct CheckpointDraft: Sendable {
    /// Hands the little-endian bytes of the tensor at a place in `tensors` to a sink, row by row, in one run or more.
    package typealias Bytes =
        @Sendable (_ tensor: Int, (RawSpan) throws(CheckpointError) -> Void) throws(CheckpointError) -> Void

    /// The tensors, in the order in which a file lists them.
    let tensors: [ListedTensor]
    var metadata: [String: String]
    /// Asked for each tensor twice, for its digest and to be written, and must say the same both times.
    let bytes: Bytes

    /// - Parameter bytes: as many of each tensor as its type and shape say.
    package init(tensors: [ListedTensor], about: Checkpoint.About, bytes: @escaping Bytes) {
        self.init(tensors: tensors, metadata: about.metadata, bytes: bytes)
    }

    init(tensors: [ListedTensor], metadata: [String: String], bytes: @escaping Bytes) {
        self.tensors = tensors
        self.metadata = metadata
        self.bytes = bytes
    }

    /// Makes a draft of tensors that are in memory already.
    init(tensors: [NamedTensor], metadata: [String: String]) {
        self.init(tensors: tensors.map(\.listed), metadata: metadata) { (index, write) throws(CheckpointError) in
            try tensors[index].storage.withBytes(write)
        }
    }

    /// Reads what the metadata say.
    ///
    /// - Parameter path: What messages call the file.
    package func about(path: String) throws(CheckpointError) -> Checkpoint.About {
        try Checkpoint.About(metadata: metadata, path: path)
    }
}

extension Checkpoint {
    /// The same, to be written.
    package var draft: CheckpointDraft { CheckpointDraft(tensors: allTensors, metadata: metadata) }
}
