import Tensors

/// A digest of each tensor, and one of the metadata, in the metadata. They remain when a file is taken out of its zstd
/// frame, and show which tensor is damaged.
extension Safetensors {
    /// The key of a JSON object from tensors' names to digests as `sha256(of:)` gives them.
    static let tensorSealKey = "tensor_sha256"
    /// The key of the digest of all other metadata, including `tensor_sha256`.
    static let metadataSealKey = "metadata_sha256"
    /// A key that marks files that must be sealed: our files have it, other programs' files do not.
    static let versionKey = "format_version"

    /// Whether a file with these metadata must have a digest of each tensor.
    static func isSealed(_ metadata: [String: String]) -> Bool {
        [versionKey, tensorSealKey, metadataSealKey].contains { metadata[$0] != nil }
    }

    /// Returns the SHA-256 of all metadata except the key `metadata_sha256`: sorted by the keys' bytes, each key, a
    /// zero byte, its text, a zero byte.
    static func digest(of metadata: [String: String]) -> String {
        var digest = SHA256()
        let pairs = metadata.filter { $0.key != metadataSealKey }
            .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        for (key, text) in pairs { digest.update(Array(key.utf8) + [0] + Array(text.utf8) + [0]) }
        return digest.finished()
    }
}

extension CheckpointDraft {
    /// Returns the draft with digests of all tensors and of the metadata.
    func sealed() throws(CheckpointError) -> Self {
        var sealed = self
        var digests: [String] = []
        for (index, tensor) in tensors.enumerated() {
            var digest = SHA256()
            digest.begin(tensor)
            try bytes(index) { (run) throws(CheckpointError) in digest.update(run) }
            digests.append(HeaderJSON.quoted(tensor.name) + ":\"" + digest.finished() + "\"")
        }
        sealed.metadata[Safetensors.tensorSealKey] = "{" + digests.joined(separator: ",") + "}"
        sealed.metadata[Safetensors.metadataSealKey] = Safetensors.digest(of: sealed.metadata)
        return sealed
    }
}

extension Safetensors.Contents {
    /// Checks the digests and returns the contents without them. Another program's file has none.
    ///
    /// - Throws: `damaged` where a digest is missing or does not match.
    func unsealed(path: String) throws(CheckpointError) -> Self {
        guard Safetensors.isSealed(metadata) else { return self }
        try checkVersion(path)
        func damaged(_ reason: String) -> CheckpointError { .damaged(path: path, reason: reason) }
        guard metadata[Safetensors.metadataSealKey] == Safetensors.digest(of: metadata) else {
            throw damaged("the metadata do not have the digest that they say")
        }
        let list = metadata[Safetensors.tensorSealKey] ?? ""
        guard case .object(let digests)? = try? HeaderJSON.parse(Array(list.utf8)) else {
            throw damaged("there is no list of the tensors' digests")
        }
        let byName = Dictionary(digests.map { (ExactName($0.key), $0.value) }) { first, _ in first }
        guard byName.count == tensors.count else {
            throw damaged("there are \(byName.count) digests for \(tensors.count) tensors")
        }
        for tensor in tensors where byName[ExactName(tensor.name)] != .string(sha256(of: [tensor])) {
            throw damaged("tensor \(tensor.name) does not have the digest that the file says")
        }
        var unsealed = self
        unsealed.metadata[Safetensors.tensorSealKey] = nil
        unsealed.metadata[Safetensors.metadataSealKey] = nil
        return unsealed
    }

    /// Checks the version. It comes first, as a later format may differ in all else.
    private func checkVersion(_ path: String) throws(CheckpointError) {
        guard let text = metadata[Safetensors.versionKey] else { return }
        guard let version = Int(text), version >= 1 else {
            throw .metadata(path: path, key: Safetensors.versionKey, found: text, expected: "a whole number from 1")
        }
        guard version <= Checkpoint.formatVersion else {
            throw .laterVersion(path: path, found: version, known: Checkpoint.formatVersion)
        }
    }
}
