import Files
import Foundation
import Testing

@Suite struct ReadingTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    @Test("a file is read whole, whatever bytes its name has")
    func file() throws {
        let path = folder.path + "/" + String(pathBytes: [0x61, 0xE9, 0xFF])
        try folder.write([1, 2, 3], to: path)
        #expect(try readFile(path, limit: 3) == [1, 2, 3])
        #expect(throws: FileError.tooLarge(path: path, limit: 2)) { try readFile(path, limit: 2) }
    }

    @Test("a path that is no file is refused by what it is")
    func others() throws {
        #expect(throws: FileError.notAFile(path: folder.path, found: "a folder")) {
            try readFile(folder.path, limit: 9)
        }
        #expect(throws: FileError.notAFile(path: "/dev/zero", found: "a device")) {
            try readFile("/dev/zero", limit: 9)
        }
        #expect(try readFile("/dev/null", limit: 9) == [])
        let missing = folder.path + "/missing"
        #expect(throws: FileError.system(call: "open", path: missing, code: ENOENT)) {
            try readFile(missing, limit: 9)
        }
    }

    @Test("a pipe is read to its end, and what was read has a size and may be read again")
    func pipe() throws {
        let path = folder.path + "/pipe"
        #expect(mkfifo(path, 0o600) == 0)
        let bytes = (0..<200_000).map { UInt8($0 % 251) }
        let written = Thread { [folder] in
            // The reader is there already, and finds nothing for a while.
            Thread.sleep(forTimeInterval: 0.1)
            try? folder.write(bytes, to: path)
        }
        written.start()
        let descriptor = try openToRead(path)
        defer { close(descriptor) }
        var status = stat()
        #expect(fstat(descriptor, &status) == 0 && status.st_size == 200_000)
        #expect(try FileHandle(fileDescriptor: descriptor).readToEnd() == Data(bytes))
    }

    @Test("a pipe that carries too much is left")
    func longPipe() throws {
        let path = folder.path + "/pipe"
        #expect(mkfifo(path, 0o600) == 0)
        Thread { [folder] in try? folder.write([UInt8](repeating: 7, count: 1000), to: path) }.start()
        #expect(throws: FileError.tooLarge(path: path, limit: 999)) { try readFile(path, limit: 999) }
    }

    @Test("of those that make a folder at once one has made it")
    func newFolder() async throws {
        let path = folder.path + "/new"
        let made = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 { group.addTask { try makeNewFolder(path) } }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(made == 1 && isFolder(path))
        try makeFolders(path + "/a/b/")
        #expect(isFolder(path + "/a/b"))
        try folder.write([], to: path + "/file")
        #expect(throws: FileError.self) { try makeFolders(path + "/file/x") }
    }
}

/// A folder of a test's own.
private final class Folder: Sendable {
    let path = FileManager.default.temporaryDirectory.path + "/files-\(UUID().uuidString)"

    init() throws { try makeFolders(path) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ bytes: [UInt8], to path: String) throws {
        guard let file = path.withPath({ fopen($0, "w") }) else { throw FileError.zeroByte(path: path) }
        _ = fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }
}
