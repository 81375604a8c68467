/// The folder `OUTPUT/checkpoints` of a run: one file a checkpoint, `step-000000704.safetensors.zst`.
///
/// Only one process, and one thread in it, may write to it at a time.
package struct CheckpointDirectory: Sendable {
    package let path: String
    /// The rules by which older checkpoints are kept after a new one.
    package let retention: Retention
    package let compression: Compression
    let files: any FileSystem

    /// A checkpoint in the folder, by its file name.
    package struct Entry: Equatable, Sendable {
        package let path: String
        package let step: Int
    }

    /// - Parameters:
    ///   - path: the folder; the first commit makes it.
    ///   - files: the file system; tests use one of their own.
    package init(
        path: String, retention: Retention = Retention(), compression: Compression = Compression(),
        files: any FileSystem = SystemFiles()
    ) {
        self.path = path
        self.retention = retention
        self.compression = compression
        self.files = files
    }

    /// Returns the file name of a checkpoint of this progress.
    static func name(ofStep step: Int) -> String {
        let digits = String(step)
        return prefix + String(repeating: "0", count: max(0, 9 - digits.count)) + digits + suffix
    }

    private static let prefix = "step-"
    private static let suffix = ".safetensors.zst"

    /// Returns all checkpoints, the newest first; files of other names are ignored.
    ///
    /// - Throws: when there is no such folder or it cannot be listed.
    package func entries() throws(CheckpointError) -> [Entry] {
        try names().compactMap(entry).sorted { $0.step > $1.step }
    }

    func names() throws(CheckpointError) -> [String] {
        do throws(CheckpointError) {
            return try calling("reading the folder", path) { () throws(SystemError) in try files.names(in: path) }
        } catch .system(_, _, SystemError.noFile.code) {
            throw .noDirectory(path: path)
        }
    }

    private func entry(_ name: String) -> Entry? {
        Self.step(ofName: name).map { Entry(path: path + "/" + name, step: $0) }
    }

    /// Returns the step in a file's name; nil for names that `name` does not make, so that each step has only one.
    static func step(ofName name: String) -> Int? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix), name.utf8.count > prefix.utf8.count + suffix.utf8.count
        else { return nil }
        guard let step = Int(name.dropFirst(prefix.count).dropLast(suffix.count)), step >= 0 else { return nil }
        return name == self.name(ofStep: step) ? step : nil
    }
}
