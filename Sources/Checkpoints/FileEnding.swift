import Files

/// The ending of a file's name, by which programs and people recognise its content.
package enum FileEnding {
    private static let plain = ".safetensors"
    private static let compressed = ".zst"
    /// The endings of our own files and of similar ones.
    private static let known = [
        plain, compressed, ".onnx", ".json", ".yaml", ".yml", ".pth", ".pt", ".bin", ".ckpt", ".h5", ".hdf5", ".keras",
        ".npz", ".npy", ".pkl", ".pb", ".gz", ".xz", ".bz2", ".zip", ".tar",
    ]

    /// Refuses a name whose ending contradicts the content. Unknown endings are allowed.
    ///
    /// - Parameters:
    ///   - content: the content in words, such as "an ONNX model".
    ///   - expected: the ending for this content.
    /// - Throws: `otherEnding`
    package static func check(_ path: String, content: String, expected: String) throws(CheckpointError) {
        guard let ending = ending(of: path), ending != expected else { return }
        throw .otherEnding(path: path, ending: ending, content: content, expected: expected)
    }

    /// Whether the name asks for a plain file of tensors and not for a zstd frame.
    ///
    /// - Parameter fallback: the result for a name that does not tell.
    /// - Throws: `otherEnding` for the ending of other content.
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
