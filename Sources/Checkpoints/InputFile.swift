import Files

/// A file that is read from its beginning to its end. A pipe is read into memory first.
struct InputFile: ~Copyable {
    /// The bytes of the file when it was opened.
    let size: Int
    private let path: String
    private let files: any FileSystem
    private let descriptor: Int32

    init(path: String, in files: any FileSystem) throws(CheckpointError) {
        let opened: Int32
        var type = FileType.regular
        do throws(CheckpointError) {
            type = try calling("stat", path) { () throws(SystemError) in try files.status(of: path).type }
            if type == .folder || type == .socket {
                throw .system(call: "open", path: path, code: SystemError.noSuchKind.code)
            }
            opened = try calling("open", path) { () throws(SystemError) in try files.open(path) }
        } catch .system(_, _, SystemError.noFile.code) {
            throw .noFile(path: path)
        } catch .system("open", _, SystemError.noSuchKind.code) {
            throw .otherKind(path: path, found: type.words, expected: "a file")
        } catch .system("open", _, SystemError.nobodyWrites.code) {
            throw .otherKind(path: path, found: "a pipe that nobody writes to", expected: "one that somebody does")
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

    /// Returns the next bytes, at most `count`; none only at the end.
    func read(_ count: Int) throws(CheckpointError) -> [UInt8] {
        try calling("read", path) { () throws(SystemError) in try files.read(count, from: descriptor) }
    }
}
