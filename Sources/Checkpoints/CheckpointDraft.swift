/// A checkpoint to be written: its metadata, and its tensors' bytes one after the other. So a state that memory holds
/// in another form is written without a second copy.
package struct CheckpointDraft: Sendable {
    /// A function that passes the little-endian bytes of the tensor at an index of `tensors` to a sink, row by row, in
    /// one piece or more.
    package typealias Bytes =
        @Sendable (_ tensor: Int, (RawSpan) throws(CheckpointError) -> Void) throws(CheckpointError) -> Void

    /// The tensors, in the order in which a file lists them.
    let tensors: [ListedTensor]
    var metadata: [String: String]
    /// The tensors' bytes. They are read twice, for the digest and for writing, and must be the same both times.
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

    /// Reads the description in the metadata.
    ///
    /// - Parameter path: the file's name in messages.
    package func about(path: String) throws(CheckpointError) -> Checkpoint.About {
        try Checkpoint.About(metadata: metadata, path: path)
    }
}

extension Checkpoint {
    /// The checkpoint as a draft.
    package var draft: CheckpointDraft { CheckpointDraft(tensors: allTensors, metadata: metadata) }
}
