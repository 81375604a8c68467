package import Checkpoints
import Synchronization

/// The system calls of a file system, by what they are for.
package enum FileCall: String, CaseIterable, Sendable {
    case open, create, openFolder, size, write, read, synchronize, synchronizeFolder, close, rename, remove, makeFolder
    case names, status
}

/// What befalls a system call.
package enum Intervention: Sendable {
    /// Nothing: it happens.
    case none
    /// It does not happen, and says this error number.
    case fail(Int32)
    /// It writes or reads only the first half of what it could, at least a byte.
    case shorten
}

/// Files of another file system, with somebody who is asked before each call. Used by one thread at a time.
package final class InterceptedFiles: FileSystem {
    private let base: any FileSystem
    private let intervene: @Sendable (_ turn: Int, FileCall) -> Intervention
    private let state = Mutex(State())

    private struct State {
        var calls: [FileCall] = []
        var folders: Set<Int32> = []
    }

    /// - Parameter intervene: is told how many calls were made before, and what this one is.
    package init(_ base: any FileSystem, _ intervene: @escaping @Sendable (_ turn: Int, FileCall) -> Intervention) {
        self.base = base
        self.intervene = intervene
    }

    /// All calls so far.
    package var calls: [FileCall] { state.withLock { $0.calls } }

    /// Counts the call, and throws what it shall say, if it shall fail.
    ///
    /// - Returns: whether it shall be short.
    @discardableResult
    private func meet(_ call: FileCall) throws(SystemError) -> Bool {
        let turn = state.withLock { state in
            state.calls.append(call)
            return state.calls.count - 1
        }
        switch intervene(turn, call) {
        case .none: return false
        case .fail(let code): throw SystemError(code: code)
        case .shorten: return true
        }
    }

    package func open(_ path: String) throws(SystemError) -> Int32 {
        try meet(.open)
        return try base.open(path)
    }

    package func create(_ path: String) throws(SystemError) -> Int32 {
        try meet(.create)
        return try base.create(path)
    }

    package func openFolder(_ path: String) throws(SystemError) -> Int32 {
        try meet(.openFolder)
        let folder = try base.openFolder(path)
        state.withLock { _ = $0.folders.insert(folder) }
        return folder
    }

    package func size(of file: Int32) throws(SystemError) -> Int {
        try meet(.size)
        return try base.size(of: file)
    }

    package func write(_ bytes: borrowing RawSpan, to file: Int32) throws(SystemError) -> Int {
        let isShort = try meet(.write)
        return try base.write(isShort ? bytes.extracting(first: (bytes.byteCount + 1) / 2) : copy bytes, to: file)
    }

    package func read(_ count: Int, from file: Int32) throws(SystemError) -> [UInt8] {
        let isShort = try meet(.read)
        return try base.read(isShort ? (count + 1) / 2 : count, from: file)
    }

    package func synchronize(_ file: Int32) throws(SystemError) {
        try meet(state.withLock { $0.folders.contains(file) } ? .synchronizeFolder : .synchronize)
        try base.synchronize(file)
    }

    package func forget(_ file: Int32) { base.forget(file) }

    /// Closes in any case, as Linux does.
    package func close(_ file: Int32) throws(SystemError) {
        state.withLock { _ = $0.folders.remove(file) }
        try base.close(file)
        try meet(.close)
    }

    package func rename(_ path: String, to other: String) throws(SystemError) {
        try meet(.rename)
        try base.rename(path, to: other)
    }

    package func remove(_ path: String) throws(SystemError) {
        try meet(.remove)
        try base.remove(path)
    }

    package func makeFolder(_ path: String) throws(SystemError) {
        try meet(.makeFolder)
        try base.makeFolder(path)
    }

    package func names(in folder: String) throws(SystemError) -> [String] {
        try meet(.names)
        return try base.names(in: folder)
    }

    package func status(of path: String) throws(SystemError) -> FileStatus {
        try meet(.status)
        return try base.status(of: path)
    }
}
