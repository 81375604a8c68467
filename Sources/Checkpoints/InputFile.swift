import Glibc

/// A file that is read from its beginning to its end.
struct InputFile: ~Copyable {
    private let path: String
    private let descriptor: Int32

    init(path: String) throws(CheckpointError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { throw .noFile(path: path) }
            throw .system(call: "open", path: path, reason: String(cString: strerror(errno)))
        }
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// The next bytes, `count` at most; none at the end only.
    func read(_ count: Int) throws(CheckpointError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        while true {
            let result = unsafe bytes.withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if result >= 0 {
                bytes.removeLast(count - result)
                return bytes
            }
            guard errno == EINTR else {
                throw .system(call: "read", path: path, reason: String(cString: strerror(errno)))
            }
        }
    }
}
