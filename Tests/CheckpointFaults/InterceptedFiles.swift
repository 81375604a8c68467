package import Checkpoints
import Synchronization

/// The system calls of a file system, by what they are for.
package enum FileCall: String, CaseIterable, Sendable {
    case open, create, openFolder, size, write, read, synchronize, synchronizeFolder, close, rename, remove, makeFolder
    case names, status
}

/// The fate of a system call.
package enum Intervention: Sendable {
    /// Nothing: it happens.
    case none
    /// It does not happen, and says this error number.
    case fail(Int32)
    /// It writes or reads only the first half of what it could, at least a byte.
    case shorten
    /// An fsync that does nothing and says that it has.
    case ignore
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
    /// - Returns: what else shall befall it.
    @discardableResult
    private func meet(_ call: FileCall) throws(SystemError) -> Intervention {
        let turn = state.withLock { state in
            state.calls.append(call)
            return state.calls.count - 1
        }
        let intervention = intervene(turn, call)
        if case .fail(let code) = intervention { throw SystemError(code: code) }
        return intervention
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
        guard case .shorten = try meet(.write) else { return try base.write(bytes, to: file) }
        return try base.write(bytes.extracting(first: (bytes.byteCount + 1) / 2), to: file)
    }

    package func read(_ count: Int, from file: Int32) throws(SystemError) -> [UInt8] {
        guard case .shorten = try meet(.read) else { return try base.read(count, from: file) }
        return try base.read((count + 1) / 2, from: file)
    }

    package func synchronize(_ file: Int32) throws(SystemError) {
        let isFolder = state.withLock { $0.folders.contains(file) }
        do throws(SystemError) {
            if case .ignore = try meet(isFolder ? .synchronizeFolder : .synchronize) { return }
        } catch {
            (base as? MemoryDisk)?.lose(file)
            throw error
        }
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

    package func target(of path: String) throws(SystemError) -> String { try base.target(of: path) }

    package func openThrough(_ path: String) throws(SystemError) -> Int32 { try base.openThrough(path) }

    package func status(of path: String) throws(SystemError) -> FileStatus {
        try meet(.status)
        return try base.status(of: path)
    }
}
