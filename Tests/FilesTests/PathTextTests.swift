import Files
import Testing

@Suite struct PathTextTests {
    static let paths: [[UInt8]] = [
        [], Array("plain/é/🙂".utf8), [0xE9], [0x61, 0xE9, 0x2F, 0x62], [0xC3, 0xA9, 0xC3], [0xF0, 0x9F, 0x99],
        [0xE2, 0x28, 0xA1], [0xED, 0xA0, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xC0, 0xAF],
        // The UTF-8 of a scalar that stands for a byte.
        [0xF4, 0x8F, 0xBB, 0xA9], [0xF4, 0x8F, 0xBB, 0xA9, 0xE9], [0xF4, 0x8F, 0xBB],
        Array("e\u{301}".utf8),
    ]

    @Test("every path's bytes come back from its text", arguments: paths)
    func roundTrip(bytes: [UInt8]) {
        #expect(String(pathBytes: bytes).pathBytes == bytes)
    }

    @Test("two bytes of all kinds come back, alone and between letters")
    func allPairs() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                let bytes = [0x78, first, second, 0x79]
                #expect(String(pathBytes: bytes).pathBytes == bytes)
            }
        }
    }

    @Test("text that is UTF-8 is its own path, and paths of other bytes have other texts")
    func own() {
        #expect(String(pathBytes: Array("é".utf8)) == "é")
        let texts = Self.paths.map { Array(String(pathBytes: $0).utf8) }
        #expect(Set(texts).count == texts.count)
    }

    @Test("C sees the path's bytes and a zero")
    func forC() {
        let text = String(pathBytes: [0x61, 0xE9, 0x62])
        #expect(text.withPath { path in (0..<4).map { path[$0] } } == [0x61, CChar(bitPattern: 0xE9), 0x62, 0])
    }

    @Test("a path's folder and name are told apart by its bytes, whatever follows the slash")
    func split() {
        #expect(splitPath("a/b/c") == ("a/b", "c"))
        #expect(splitPath("a") == (".", "a"))
        #expect(splitPath("/a") == ("/", "a"))
        #expect(splitPath("a/") == ("a", ""))
        // A combining accent makes one character with the slash.
        #expect(splitPath("a/\u{301}b") == ("a", "\u{301}b"))
    }
}
