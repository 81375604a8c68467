import Files
import Foundation
import Testing

@testable import Terminal

@Suite struct VisibleTextTests {
    @Test(
        "text that can be seen stays as it is",
        arguments: ["", "plain", "Grüße", "日本語", "👩‍👩‍👧", "a\\u{1b}", "עברית"])
    func plain(text: String) {
        #expect(text.visible == text)
        #expect(text.visibleJSON == text)
    }

    @Test(
        "what moves a cursor, rings or turns letters round is spelled out",
        arguments: [
            ("\u{1b}[2J", "\\u{1b}[2J"), ("a\nb", "a\\u{a}b"), ("a\r\nb", "a\\u{d}\\u{a}b"),
            ("\u{7}\u{8}", "\\u{7}\\u{8}"),
            ("\u{9b}31m", "\\u{9b}31m"), ("\u{7f}", "\\u{7f}"), ("\u{202e}gpj", "\\u{202e}gpj"), ("\0", "\\u{0}"),
        ])
    func controls(text: String, expected: String) {
        #expect(text.visible == expected)
    }

    @Test("a byte of a path that is no part of UTF-8 is spelled out, in JSON as Python does")
    func bytes() {
        let path = String(pathBytes: [0x61, 0xE9, 0x80])
        #expect(path.visible == "a\\xE9\\x80")
        #expect("[\"\(path)\"]".visibleJSON == "[\"a\\udce9\\udc80\"]")
    }

    @Test("JSON with its controls spelled out means the same", arguments: ["\u{9b}31m", "\u{7f}\u{202e}", "ä\u{85}"])
    func json(text: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted]
        let json = String(decoding: try encoder.encode([text]), as: UTF8.self).visibleJSON
        #expect(json.visible(keeping: ["\n"]) == json)
        #expect(try JSONDecoder().decode([String].self, from: Data(json.utf8)) == [text])
    }
}

@Suite struct ErrorWordsTests {
    private enum Ours: Error, CustomStringConvertible {
        case named(String)

        var description: String { "the tensor \(self.name) is odd" }

        private var name: String { if case .named(let name) = self { name } else { "" } }
    }

    @Test("our errors keep their words, on one line without controls")
    func ours() {
        #expect(Ours.named("a").words == "the tensor a is odd")
        #expect(Ours.named("a\u{1b}[31m\nb").words == "the tensor a\\u{1b}[31m\\u{a}b is odd")
    }

    @Test("an error of Foundation is the system's reason and the file")
    func foundation() throws {
        func error(_ body: () throws -> Void) throws -> any Error {
            try #require(throws: (any Error).self, performing: body)
        }
        let missing = try error { _ = try Data(contentsOf: URL(filePath: "/none/file")) }
        #expect(missing.words == "/none/file: No such file or directory")
        #expect(missing.reason == "No such file or directory")
        let unwritten = try error { try Data().write(to: URL(filePath: "/none/file")) }
        #expect(unwritten.reason == "No such file or directory")
        let full = try error { try FileHandle(forWritingTo: URL(filePath: "/dev/full")).write(contentsOf: Data([1])) }
        #expect(full.reason == "No space left on device")
        let folder = try error { _ = try FileManager.default.contentsOfDirectory(atPath: "/none") }
        #expect(folder.reason == "No such file or directory")
        let place = try error {
            try FileManager.default.createDirectory(atPath: "/dev/null/folder", withIntermediateDirectories: true)
        }
        #expect(["Not a directory", "File exists"].contains(place.reason))
        let unread: any Error = FileError.system(call: "open", path: "/none/a\u{1b}", code: EACCES)
        #expect(unread.words == "/none/a\\u{1b}: open failed: Permission denied")
        #expect(unread.reason == "open failed: Permission denied")
        let code = NSError(domain: NSPOSIXErrorDomain, code: Int(EDQUOT))
        #expect(code.words == "Disk quota exceeded")
    }
}

@Suite struct StandardStreamTests {
    @Test("a text is written whole, with what moves a cursor made visible")
    func whole() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        try StandardStream(descriptor: ends[1]).write("a\tb\u{1b}[1m\n")
        close(ends[1])
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = read(ends[0], &bytes, bytes.count)
        #expect(String(decoding: bytes.prefix(count), as: UTF8.self) == "a\tb\\u{1b}[1m\n")
    }

    @Test("a pipe that does not wait gets all of a long text")
    func waits() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        try #require(fcntl(writing, F_SETFL, O_NONBLOCK) == 0)
        let length = 1_000_000
        // A thread of its own: a task might wait for the very thread that writes.
        let isRead = DispatchSemaphore(value: 0)
        // The thread's until it has signalled.
        nonisolated(unsafe) var sum = 0
        Thread.detachNewThread {
            var bytes = [UInt8](repeating: 0, count: 4096)
            while case let count = read(reading, &bytes, bytes.count), count > 0 {
                sum += count
            }
            isRead.signal()
        }
        try StandardStream(descriptor: writing).write(String(repeating: "x", count: length))
        close(writing)
        isRead.wait()
        #expect(sum == length)
        close(reading)
    }

    @Test("a full device and a reader that has gone are told apart")
    func failures() throws {
        WriteSignals.ignore()
        let full = open("/dev/full", O_WRONLY)
        defer { close(full) }
        let error = try #require(throws: StreamFailure.self) { try StandardStream(descriptor: full).write("a") }
        #expect(error == StreamFailure(code: ENOSPC) && !error.isReaderGone && "\(error)" == "No space left on device")
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        close(ends[0])
        let stream = StandardStream(descriptor: ends[1])
        #expect(throws: StreamFailure(code: EPIPE)) { try stream.write("a") }
        close(ends[1])
        // Nothing is tried any more, so that it does not matter what the number stands for by now.
        #expect(throws: StreamFailure(code: EPIPE)) { try stream.write("a") }
    }
}
