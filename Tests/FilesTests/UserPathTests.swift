import Files
import Foundation
import Testing

@Suite struct UserPathTests {
    @Test("a path is what was written, but for a home folder at its beginning")
    func home() throws {
        let home = try #require(ProcessInfo.processInfo.environment["HOME"])
        #expect(try userPath("~") == home)
        #expect(try userPath("~/a~b/~") == home + "/a~b/~")
        #expect(try userPath("~root") == "/root")
        #expect(try userPath("~root/x") == "/root/x")
        for path in ["", "a/~", "./~", "/", "a b\u{301}", String(pathBytes: [0xE9])] {
            #expect(try userPath(path) == path)
        }
    }

    @Test("an unknown user is an error, unless something here has the name")
    func unknown() throws {
        let name = "~nobody-\(UUID().uuidString)"
        #expect(throws: FileError.unknownUser(path: name + "/x", user: String(name.dropFirst()))) {
            try userPath(name + "/x")
        }
        try Data().write(to: URL(filePath: FileManager.default.currentDirectoryPath + "/" + name))
        defer { unlink(name) }
        #expect(try userPath(name) == "./" + name)
    }

    @Test("a path with a zero byte in it is refused, as C would end it there")
    func zero() {
        #expect(throws: FileError.zeroByte(path: "a\0b")) { try userPath("a\0b") }
    }

    @Test("of a dataset the folder is a path")
    func dataset() throws {
        #expect(try userDataset("shapes") == "shapes")
        #expect(try userDataset("fashion-mnist:~root/a:~b") == "fashion-mnist:/root/a:~b")
        #expect(try userDataset("~root/a:~b") == "/root/a:~b")
        #expect(try userDataset("./a:~b") == "./a:~b")
    }
}
