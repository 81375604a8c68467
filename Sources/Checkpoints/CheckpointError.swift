package import Files
package import Machine

/// The reasons why a checkpoint cannot be written or read.
package enum CheckpointError: Error, Equatable, Sendable {
    /// A system call failed; `code` is its error number.
    case system(call: String, path: String, code: Int32)
    case noFile(path: String)
    /// The name is that of another kind of file, such as "a folder".
    case otherKind(path: String, found: String, expected: String)
    /// A file name whose ending contradicts the content.
    case otherEnding(path: String, ending: String, content: String, expected: String)
    case noDirectory(path: String)
    case noneFound(directory: String)
    /// A folder that a user named has no checkpoint in it.
    case nothingThere(folder: String)
    /// No checkpoint in the folder can be read; `reasons` are their messages, the newest first.
    case noneReadable(directory: String, reasons: [String])
    /// The file is of another kind; `found` describes it, `remedy` is what to do about it.
    case notACheckpoint(path: String, found: String, remedy: String)
    /// The file is, or resembles, PyTorch's, but has other contents than tensors by name.
    case notATorchFile(path: String, reason: String)
    /// The file ends too early, or a checksum does not match.
    case damaged(path: String, reason: String)
    /// The file is whole, but breaks a rule of the safetensors format, perhaps at one tensor.
    case malformed(path: String, tensor: String?, rule: String)
    /// An entry of the metadata that all our checkpoints have is missing or of another kind.
    case metadata(path: String, key: String, found: String?, expected: String)
    /// The file has a later format, which this program does not know.
    case laterVersion(path: String, found: Int, known: Int)
    /// The checkpoint is of another step than its file's name says.
    case misnamed(path: String, step: Int, promised: Int)
    /// A tensor is not like that of the other files.
    case unlike(path: String, found: String, expected: String)
    /// The content read back differs from the content written.
    case verificationFailed(path: String)
    /// There is too little memory for the file's contents.
    case memory(MemoryError)
    /// A host's folder in memory has too little capacity for a run's snapshots; both in bytes.
    case noRoom(folder: String, needed: Int, available: Int)
    /// A file with a snapshot's name is no snapshot, or does not have the bytes that were written.
    case notASnapshot(path: String, reason: String)
    /// Another process is writing this snapshot.
    case snapshotInUse(path: String)
}

extension CheckpointError {
    /// Whether the disk, or the user's quota, is full: writing may succeed later.
    package var isFullDisk: Bool {
        guard case .system(_, _, let code) = self else { return false }
        return SystemError(code: code).isFullDisk
    }
}

extension CheckpointError: ErrorAboutFile {
    package var reason: String {
        guard case .system(let call, _, let code) = self else { return description }
        return "\(call) failed: \(SystemError(code: code).reason)"
    }
}

extension CheckpointError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .system(_, let path, _):
            "\(path): \(reason)"
        case .noFile(let path):
            "\(path): there is no such file; expected a checkpoint (.safetensors.zst or .safetensors)"
        case .otherKind(let path, let found, let expected):
            "\(path): this is \(found); expected \(expected)"
        case .otherEnding(let path, let ending, let content, let expected):
            "\(path): what is written here is \(content), which \(ending) is not; "
                + "give it a name that ends in \(expected)"
        case .noDirectory(let path):
            "\(path): there is no such folder, so there is nothing to resume from; check --output, or drop --resume"
        case .noneFound(let directory):
            "\(directory): no checkpoint is in this folder; check --output, or leave --resume out to start anew"
        case .nothingThere(let folder):
            "\(folder): no checkpoint is in this folder; give a run's OUTPUT, or files that end in "
                + ".safetensors.zst or .safetensors"
        case .noneReadable(let directory, let reasons):
            "\(directory): none of \(reasons.count) checkpoints can be read: \(reasons.joined(separator: "; "))"
        case .notACheckpoint(let path, let found, let remedy):
            "\(path): this is \(found), not a checkpoint; \(remedy)"
        case .notATorchFile(let path, let reason):
            "\(path): this .pth is not read: \(reason). Save only the state_dict, with nothing but tensors in it, by "
                + "torch.save(model.state_dict(), …)"
        case .damaged(let path, let reason):
            "\(path): the checkpoint is damaged: \(reason); take an older one, or copy it again from where it came"
        case .malformed(let path, let tensor, let rule):
            "\(path): not a valid safetensors file: \(tensor.map { "tensor \($0): " } ?? "")\(rule)"
        case .metadata(let path, let key, let found, let expected):
            "\(path): the metadata say \(found.map { "\(key) = \($0)" } ?? "nothing of \(key)"); expected \(expected), "
                + "as cnn-train writes it"
        case .laterVersion(let path, let found, let known):
            "\(path): this is format \(found), which a later cnn-train wrote; "
                + "this one reads formats 1 to \(known): update it"
        case .misnamed(let path, let step, let promised):
            "\(path): this is the state after step \(step), not \(promised); rename it back"
        case .unlike(let path, let found, let expected):
            "\(path): \(found), where the first file has \(expected); give files of one network"
        case .memory(let error):
            error.description
        case .noRoom(let folder, let needed, let available):
            "\(folder) has \(available) bytes left for snapshots, which need \(needed): make it larger (mount -o "
                + "remount,size=…, or a container's shm_size), or remove cnn-train-* of runs that will not go on"
        case .notASnapshot(let path, let reason):
            "\(path): this is no snapshot: \(reason)"
        case .snapshotInUse(let path):
            "\(path): another process writes this snapshot; wait until it has ended"
        case .verificationFailed(let path):
            "\(path): what was read back is not what was written; older checkpoints are kept: check the disk"
        }
    }
}
