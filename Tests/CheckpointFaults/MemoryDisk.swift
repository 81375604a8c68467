package import Checkpoints
import Files
import Glibc
import Synchronization

/// A file system in memory that knows what a loss of power leaves of it.
///
/// As POSIX promises and no more: what was written is safe after fsync of the file, a name after fsync of its folder.
/// After each change it remembers how all stood, so that the power can be cut at any of these moments. Used by one
/// thread at a time.
package final class MemoryDisk: FileSystem {
    private let state: Mutex<State>

    fileprivate struct State {
        var image: DiskImage
        var open: [Int32: (node: Int, position: Int)] = [:]
        var next: Int32 = 3
        var history: [DiskImage] = []
    }

    package init(_ image: DiskImage = DiskImage()) {
        state = Mutex(State(image: image))
    }

    /// The disk as it is now.
    package var image: DiskImage { state.withLock { $0.image } }

    /// The disk after each change so far, the oldest first.
    package var history: [DiskImage] { state.withLock { $0.history } }

    /// Descriptors that nobody has closed.
    package var openCount: Int { state.withLock { $0.open.count } }

    /// Forgets the writes to a file that are not flushed yet: no later flush brings them back, as on Linux after an
    /// error of fsync.
    package func lose(_ file: Int32) {
        state.withLock { state in
            guard let node = state.open[file]?.node else { return }
            state.image.lose(node)
        }
    }

    /// Replaces a file's content, as a bad disk would.
    package func overwrite(_ path: String, with bytes: [UInt8]) {
        state.withLock { state in
            guard let node = state.image.find(path) else { return }
            state.image.replace(node, with: bytes)
        }
    }

    package func content(of path: String) -> [UInt8]? {
        state.withLock { state in state.image.find(path).flatMap { state.image.content(of: $0) } }
    }

    /// Does something to the state; a change of the image goes into the history.
    private func using<Value>(
        changes: Bool = false, _ body: (inout State) -> Result<Value, SystemError>
    ) throws(SystemError) -> Value {
        // What leaves the mutex must not be shared with what is in it.
        let result = state.withLock { state in
            let result = body(&state)
            if changes { state.history.append(state.image) }
            return Box(result: result)
        }
        return try result.result.get()
    }

    /// Everything in it is a value.
    private struct Box<Value>: @unchecked Sendable {
        let result: Result<Value, SystemError>
    }

    private static func failure<Value>(_ code: Int32) -> Result<Value, SystemError> {
        .failure(SystemError(code: code))
    }
}

extension MemoryDisk {
    package func open(_ path: String) throws(SystemError) -> Int32 {
        try using { state in
            guard let node = state.image.find(path) else { return Self.failure(ENOENT) }
            return .success(state.handle(to: node))
        }
    }

    package func create(_ path: String) throws(SystemError) -> Int32 {
        try using(changes: true) { state in
            let (folder, name) = DiskImage.split(path)
            guard let parent = state.image.find(folder) else { return Self.failure(ENOENT) }
            let node = state.image.make(isFolder: false)
            state.image.assign([name: node], in: parent)
            return .success(state.handle(to: node))
        }
    }

    package func openFolder(_ path: String) throws(SystemError) -> Int32 {
        try using { state in
            guard let node = state.image.find(path) else { return Self.failure(ENOENT) }
            guard state.image.isFolder(node) else { return Self.failure(ENOTDIR) }
            return .success(state.handle(to: node))
        }
    }

    package func size(of file: Int32) throws(SystemError) -> Int {
        try using { state in
            guard let node = state.open[file]?.node else { return Self.failure(EBADF) }
            return .success(state.image.content(of: node)?.count ?? 4096)
        }
    }

    package func write(_ bytes: borrowing RawSpan, to file: Int32) throws(SystemError) -> Int {
        let bytes = bytes.withUnsafeBytes { Array($0) }
        return try using(changes: true) { state in
            guard let node = state.open[file]?.node else { return Self.failure(EBADF) }
            state.image.append(bytes, to: node)
            return .success(bytes.count)
        }
    }

    package func read(_ count: Int, from file: Int32) throws(SystemError) -> [UInt8] {
        try using { state in
            guard let (node, position) = state.open[file] else { return Self.failure(EBADF) }
            guard let content = state.image.content(of: node) else { return Self.failure(EISDIR) }
            let bytes = Array(content.dropFirst(position).prefix(count))
            state.open[file] = (node, position + bytes.count)
            return .success(bytes)
        }
    }

    package func synchronize(_ file: Int32) throws(SystemError) {
        try using(changes: true) { state -> Result<Void, SystemError> in
            guard let node = state.open[file]?.node else { return Self.failure(EBADF) }
            state.image.synchronize(node)
            return .success(())
        }
    }

    package func forget(_ file: Int32) {}

    package func close(_ file: Int32) throws(SystemError) {
        try using { state in
            state.open.removeValue(forKey: file) == nil ? Self.failure(EBADF) : .success(())
        }
    }

    package func rename(_ path: String, to other: String) throws(SystemError) {
        try using(changes: true) { state -> Result<Void, SystemError> in
            let ((folder, name), (otherFolder, otherName)) = (DiskImage.split(path), DiskImage.split(other))
            guard folder == otherFolder, let parent = state.image.find(folder), let node = state.image.find(path) else {
                return Self.failure(ENOENT)
            }
            state.image.assign([name: nil, otherName: node], in: parent)
            return .success(())
        }
    }

    package func remove(_ path: String) throws(SystemError) {
        try using(changes: true) { state -> Result<Void, SystemError> in
            let (folder, name) = DiskImage.split(path)
            guard let parent = state.image.find(folder), state.image.find(path) != nil else {
                return Self.failure(ENOENT)
            }
            state.image.assign([name: nil], in: parent)
            return .success(())
        }
    }

    package func makeFolder(_ path: String) throws(SystemError) {
        try using(changes: true) { state -> Result<Void, SystemError> in
            let (folder, name) = DiskImage.split(path)
            guard let parent = state.image.find(folder) else { return Self.failure(ENOENT) }
            guard state.image.find(path) == nil else { return Self.failure(EEXIST) }
            state.image.assign([name: state.image.make(isFolder: true)], in: parent)
            return .success(())
        }
    }

    package func names(in folder: String) throws(SystemError) -> [String] {
        try using { state in
            guard let node = state.image.find(folder) else { return Self.failure(ENOENT) }
            guard let names = state.image.names(in: node) else { return Self.failure(ENOTDIR) }
            return .success(names)
        }
    }

    package func status(of path: String) throws(SystemError) -> FileStatus {
        try using { state in
            guard let node = state.image.find(path) else { return Self.failure(ENOENT) }
            return .success(FileStatus(type: state.image.isFolder(node) ? .folder : .regular, modified: time(nil)))
        }
    }
}

extension MemoryDisk.State {
    fileprivate mutating func handle(to node: Int) -> Int32 {
        defer { next += 1 }
        open[next] = (node, 0)
        return next
    }
}
