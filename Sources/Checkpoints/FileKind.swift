import Files

/// What a file is, by how it begins.
enum FileKind {
    case zstd, plain

    init(head: [UInt8], path: String) throws(CheckpointError) {
        let name = splitPath(path).name
        let ending = [".pth", ".pt", ".bin"].first { name.hasSuffix($0) }
        // A text that Python reads as the path, whatever is in it.
        let source = HeaderJSON.quoted(path)
        let target = HeaderJSON.quoted(path.dropLast(ending?.count ?? 0) + ".safetensors")
        let convert = """
            convert the state_dict in it with two lines of Python:
            import torch, safetensors.torch
            safetensors.torch.save_file(torch.load(\(source), map_location="cpu", weights_only=True), \(target))
            """
        if head.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
            self = .zstd
        } else if head.count == 9 && head[8] == UInt8(ascii: "{") {
            self = .plain
        } else if head.isEmpty {
            throw .damaged(path: path, reason: "it is empty")
        } else if head.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
            throw .notACheckpoint(path: path, found: "a zip archive, probably a .pth of PyTorch", remedy: convert)
        } else if head.starts(with: [0x80]) && head.count > 1 && head[1] <= 5 {
            throw .notACheckpoint(path: path, found: "a Python pickle, probably an old .pth", remedy: convert)
        } else if head.starts(with: [0x1F, 0x8B]) {
            throw .notACheckpoint(path: path, found: "a gzip file", remedy: "unpack it first")
        } else if let ending {
            throw .notACheckpoint(path: path, found: "a \(ending) file, probably of PyTorch", remedy: convert)
        } else {
            throw .notACheckpoint(
                path: path, found: "neither a zstd frame nor a safetensors file",
                remedy: "give a file of OUTPUT/checkpoints, or a .safetensors file")
        }
    }
}
