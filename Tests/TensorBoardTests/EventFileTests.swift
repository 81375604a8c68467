import Foundation
import TestSupport
import Testing

@testable import TensorBoard

@Suite("Event files") struct EventFileTests {
    /// RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
    static let vectors: [(bytes: [UInt8], checksum: UInt32)] = [
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA), ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        (Array(0..<32), 0x46DD_794E), (Array((0..<32).reversed()), 0x113F_DB5C),
        (Array("123456789".utf8), 0xE306_9283), ([], 0),
    ]

    @Test("checksums are those that RFC 3720 gives", arguments: vectors)
    func checksums(bytes: [UInt8], checksum: UInt32) {
        #expect(CRC32C.checksum(of: bytes) == checksum)
    }

    @Test("a length's checksum is masked as in TensorFlow's own files, whose first record has 24 bytes")
    func masked() {
        let head: [UInt8] = [24, 0, 0, 0, 0, 0, 0, 0, 0xA3, 0x7F, 0x4B, 0x22]
        #expect(EventFile.record([UInt8](repeating: 0, count: 24)).starts(with: head))
    }

    @Test("numbers of any size read back from a message as they were written")
    func messages() throws {
        var message = ProtobufWriter()
        message.add(1, 0)
        message.add(2, 300)
        message.add(3, -1)
        message.add(4, 0.1)
        message.add(5, Float(0.1))
        message.add(6, "é")
        message.add(7, packed: [1.5, -2])
        message.add(100) { $0.add(1, "inner") }
        // protobuf.dev/programming-guides/encoding: 150 as field 1 is 08 96 01.
        var example = ProtobufWriter()
        example.add(1, 150)
        #expect(example.bytes == [0x08, 0x96, 0x01])
        let read = try #require(ProtobufFields(message.bytes))
        #expect(read.number(1) == 0)
        #expect(read.number(2) == 300)
        #expect(read.number(3) == .max)
        #expect(read.double(4) == 0.1)
        #expect(read.float(5) == 0.1)
        #expect(read.text(6) == "é")
        #expect(read.doubles(7) == [1.5, -2])
        #expect(read.message(100)?.text(1) == "inner")
    }

    private func folder() throws -> String {
        let url = FileManager.default.temporaryDirectory.appending(path: "events-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url.path
    }

    @Test("a file begins with its version, and its records read back in their order")
    func records() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = try EventFile(in: folder + "/tensorboard", time: 1_700_000_000.5)
        for step in 1...3 {
            let values = [SummaryValue("loss/train", .scalar(1 / Double(step)))]
            try file.append(Event(wallTime: 2, step: step, content: .summary(values)))
        }
        let read = try EventRecords(path: file.path)
        #expect(read.tornBytes == 0 && !read.isDamaged)
        try #require(read.events.count == 4)
        #expect(read.events[0].text(3) == "brain.Event:2")
        #expect(read.events[0].double(1) == 1_700_000_000.5)
        #expect(read.values("loss/train").map(\.step) == [1, 2, 3])
        #expect(read.values("loss/train").map { $0.value.float(2) } == [1, 0.5, Float(1.0 / 3)])
    }

    @Test("wherever a file is cut, its records are whole but for the last")
    func cuts() throws {
        let event = Event(
            wallTime: 1, step: 1, content: .summary([SummaryValue("recipe", .text("a: 1"))]))
        let record = EventFile.record(event.bytes)
        let bytes = record + record + record
        for count in 0...bytes.count {
            let read = EventRecords(Array(bytes[..<count]))
            try #require(!read.isDamaged, "cut after \(count) bytes")
            #expect(read.events.count == count / record.count)
            #expect(read.tornBytes == count % record.count)
        }
        var damaged = bytes
        damaged[record.count + 20] ^= 1
        #expect(EventRecords(damaged).isDamaged)
    }

    @Test("a later file's name comes after those of all others, however soon it follows")
    func names() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var names: [String] = []
        for time in [1_700_000_000.0, 1_700_000_000, 1_600_000_000] {
            names.append(try EventFile(in: folder, time: time).path)
        }
        #expect(names == names.sorted() && Set(names).count == 3)
    }
}
