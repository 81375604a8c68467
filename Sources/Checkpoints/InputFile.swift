/// A file that is read from its beginning to its end.
struct InputFile: ~Copyable {
    /// Bytes of the file when it was opened.
    let size: Int
    private let path: String
    private let files: any FileSystem
    private let descriptor: Int32

    init(path: String, in files: any FileSystem) throws(CheckpointError) {
        let opened: Int32
        do throws(CheckpointError) {
            opened = try calling("open", path) { () throws(SystemError) in try files.open(path) }
        } catch .system(_, _, SystemError.noFile.code) {
            throw .noFile(path: path)
        }
        do throws(CheckpointError) {
            size = try calling("stat", path) { () throws(SystemError) in try files.size(of: opened) }
        } catch {
            try? files.close(opened)
            throw error
        }
        self.path = path
        self.files = files
        descriptor = opened
    }

    deinit { try? files.close(descriptor) }

    /// The next bytes, `count` at most; none at the end only.
    func read(_ count: Int) throws(CheckpointError) -> [UInt8] {
        try calling("read", path) { () throws(SystemError) in try files.read(count, from: descriptor) }
    }
}
