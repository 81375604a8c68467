@testable import Pickles
import Testing

@Suite("A pickle") struct PickleTests {
    private func value(_ bytes: [UInt8]) throws -> PickleValue { try PickleReader.value(of: bytes, Self.dialect) }

    private func value(_ text: String) throws -> PickleValue { try value(Array(text.utf8)) }

    private static let dialect = PickleDialect(
        functions: ["numpy.dtype", "_codecs.encode"], names: ["numpy.ndarray"],
        dictionaries: ["collections.OrderedDict"], hasPersistentValues: false)

    @Test("values of protocols 2 to 4 are read")
    func values() throws {
        #expect(
            try value([
                0x80, 2, 0x5D, 0x71, 0, 0x28, 0x4B, 1, 0x4D, 0, 1, 0x4A, 255, 255, 255, 255, 0x4E, 0x88, 0x65, 0x2E,
            ])
                == .list([.integer(1), .integer(256), .integer(-1), .none, .boolean(true)]))
        // Python 3's {b'a': 'é', 'b': (1, 2)}, protocol 4.
        #expect(
            try value([
                0x80, 4, 0x95, 20, 0, 0, 0, 0, 0, 0, 0, 0x7D, 0x94, 0x28, 0x43, 1, 0x61, 0x94, 0x8C, 2, 0xC3, 0xA9,
                0x94, 0x8C, 1, 0x62, 0x94, 0x4B, 1, 0x4B, 2, 0x86, 0x94, 0x75, 0x2E,
            ])
                == .dictionary([
                    (.bytes(Array("a".utf8)[...]), .text("é")), (.text("b"), .tuple([.integer(1), .integer(2)])),
                ]))
        // Python 3's bytes in protocol 2.
        let latin1 = "c_codecs\nencode\nX\u{2}\0\0\0\u{E9}X\u{6}\0\0\0latin1\u{86}R."
        let bytes = latin1.unicodeScalars.flatMap { $0 == "\u{86}" ? [0x86] : Array(String($0).utf8) }
        #expect(try value(bytes) == .bytes([0xE9]))
    }

    @Test(
        "whatever could run, and whatever CIFAR does not need, is refused",
        arguments: [
            ("cos\nsystem\n(S'true'\ntR.", "os.system"), ("cbuiltins\neval\n.", "builtins.eval"),
            ("cnumpy\nfromfile\n.", "numpy.fromfile"), ("(i__main__\nx\n.", "0x69"), ("Pid\n.", "0x50"),
            ("I1\n.", "0x49"),
            ("K\u{1}K\u{2}R.", "no function"), ("cnumpy\nndarray\n)R.", "calls numpy.ndarray"),
            ("cnumpy\ndtype\nU\u{2}i8K\u{1}K\u{1}tR.", "mark"), ("", "cut short"), ("K", "cut short"),
            (".", "ends with 0"),
            ("K\u{1}K\u{2}.", "ends with 2"), ("h\u{5}.", "never kept"), ("]q\0h\0.", "recalls a list"), ("t.", "mark"),
            ("K\u{1}K\u{1}a.", "no list"), ("(K\u{1}d.", "no value"), ("T\u{7F}\u{7F}\u{7F}\u{7F}a.", "cut short"),
        ])
    func refusals(text: String, reason: String) {
        #expect {
            try value(text)
        } throws: { error in
            (error as? PickleError)?.reason.contains(reason) == true
        }
    }

    @Test("no pickle makes its reader keep or nest more than CIFAR's have")
    func bounds() {
        for bytes in [
            [UInt8](repeating: 0x29, count: 2_000_000), [0x29] + [UInt8](repeating: 0x85, count: 2_000_000),
            [UInt8](repeating: 0x28, count: 11_000_000),
        ] {
            #expect(throws: PickleError.self) { try value(bytes) }
        }
    }

    @Test("a list that grows by one value at a time takes time in proportion")
    func appending() throws {
        let bytes =
            Array("]q\0".utf8) + [UInt8](repeating: 0, count: 0) + (0..<300_000).flatMap { _ in Array("K\u{1}a".utf8) }
            + [0x2E]
        #expect(try value(bytes).integers?.count == 300_000)
    }
}
