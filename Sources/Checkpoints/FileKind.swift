import Files

/// The kind of a file, by its first nine bytes.
enum FileKind {
    case zstd, plain

    init(head: [UInt8], path: String) throws(CheckpointError) {
        let torch = "a .pth of PyTorch is read where it is a file and holds a state_dict saved by torch.save"
        if head.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
            self = .zstd
        } else if head.count == 9 && head[8] == UInt8(ascii: "{") {
            self = .plain
        } else if head.isEmpty {
            throw .damaged(path: path, reason: "it is empty")
        } else if head.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
            throw .notACheckpoint(path: path, found: "a zip archive", remedy: torch)
        } else if head.starts(with: [0x80]) && head.count > 1 && head[1] <= 5 {
            throw .notACheckpoint(path: path, found: "a Python pickle", remedy: torch)
        } else if head.starts(with: [0x1F, 0x8B]) {
            throw .notACheckpoint(path: path, found: "a gzip file", remedy: "unpack it first")
        } else {
            throw .notACheckpoint(
                path: path, found: "neither a zstd frame nor a safetensors file",
                remedy: "give a file of OUTPUT/checkpoints, or a .safetensors file")
        }
    }
}
