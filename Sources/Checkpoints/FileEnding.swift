import Files

/// The end of a file's name, which says what is in it: to readers of a folder, and to programs that go by it.
package enum FileEnding {
    private static let plain = ".safetensors"
    private static let compressed = ".zst"
    /// Endings of the files of ours and of the neighbours.
    private static let known = [
        plain, compressed, ".onnx", ".json", ".yaml", ".yml", ".pth", ".pt", ".bin", ".ckpt", ".h5", ".hdf5", ".keras",
        ".npz", ".npy", ".pkl", ".pb", ".gz", ".xz", ".bz2", ".zip", ".tar",
    ]

    /// Refuses a name that says of a file what it is not. A name of no known ending says nothing.
    ///
    /// - Parameters:
    ///   - content: as in "an ONNX model".
    ///   - expected: the ending that says so.
    /// - Throws: `otherEnding`
    package static func check(_ path: String, content: String, expected: String) throws(CheckpointError) {
        guard let ending = ending(of: path), ending != expected else { return }
        throw .otherEnding(path: path, ending: ending, content: content, expected: expected)
    }

    /// Whether a file of tensors is to be plain, as its name says, and not in a zstd frame.
    ///
    /// - Parameter fallback: what holds of a name that does not say it.
    /// - Throws: `otherEnding` for the name of something else.
    package static func isPlain(_ path: String, otherwise fallback: Bool) throws(CheckpointError) -> Bool {
        let isCompressed = ending(of: path) == compressed
        let inner = isCompressed ? String(path.dropLast(compressed.count)) : path
        try check(inner, content: "safetensors", expected: plain)
        return isCompressed ? false : ending(of: path) == plain || fallback
    }

    private static func ending(of path: String) -> String? {
        let name = splitPath(path).name.lowercased()
        return known.first { name.utf8.count > $0.utf8.count && name.hasSuffix($0) }
    }
}
