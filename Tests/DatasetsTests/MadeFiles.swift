import CImageCodecs
import Foundation

@testable import Datasets

/// A folder for the files of a test. It is removed with its last reference.
final class MadeFolder {
    let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("data-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file, and makes its folders.
    func write(_ bytes: [UInt8], to name: String) throws {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: "\(path)/\(name)", withDestinationPath: target)
    }

    /// Returns the error that opening a path of the folder throws; nil where it opens.
    func failure(_ name: String = "", prefix: String = "") -> DatasetError? {
        do throws(DatasetError) {
            _ = try openDataset(prefix + path + (name.isEmpty ? "" : "/" + name))
            return nil
        } catch {
            return error
        }
    }

    /// Runs a program on the folder's files.
    func run(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}

/// Returns a small PNG whose pixels are consecutive numbers from `first`.
func picture(_ first: Int, width: Int = 8, height: Int = 6) -> [UInt8] {
    let pixels = (0..<width * height * 3).map { UInt8(truncatingIfNeeded: 5 * $0 + 31 * first) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = codec_encode_png(pixels, UInt32(width), UInt32(height), 3, &bytes, bytes.count)
    return Array(bytes.prefix(count))
}

/// Tar archives made from descriptions.
enum TarFile {
    /// Returns an archive of these files, in ustar's form.
    static func archive(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
        members.flatMap { member($0.name, $0.bytes) } + [UInt8](repeating: 0, count: 1024)
    }

    static func member(
        _ name: String, _ bytes: [UInt8], kind: Character = "0", prefix: String = "", size: Int? = nil
    ) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at place: Int) {
            for (index, byte) in text.utf8.enumerated() { header[place + index] = byte }
        }
        func octal(_ number: Int, _ digits: Int) -> String {
            let text = String(number, radix: 8)
            return String(repeating: "0", count: max(digits - text.count, 0)) + text
        }
        put(name, at: 0)
        put(octal(0o644, 7), at: 100)
        put(octal(size ?? bytes.count, 11), at: 124)
        put(octal(0, 11), at: 136)
        header[156] = kind.asciiValue ?? 0
        put("ustar", at: 257)
        put("00", at: 263)
        put(prefix, at: 345)
        return sealed(header) + bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    }

    static func pax(_ records: [(String, String)]) -> [UInt8] {
        records.flatMap { key, value in
            var length = key.utf8.count + value.utf8.count + 3
            while "\(length)".count + key.utf8.count + value.utf8.count + 3 != length {
                length = "\(length)".count + key.utf8.count + value.utf8.count + 3
            }
            return Array("\(length) \(key)=\(value)\n".utf8)
        }
    }

    /// Returns a header with the right checksum.
    static func sealed(_ header: [UInt8]) -> [UInt8] {
        var header = header
        for place in 148..<156 { header[place] = UInt8(ascii: " ") }
        let sum = header.reduce(0) { $0 + Int($1) }
        let text = String(sum, radix: 8)
        let digits = Array((String(repeating: "0", count: 6 - text.count) + text).utf8) + [0, UInt8(ascii: " ")]
        header.replaceSubrange(148..<156, with: digits)
        return header
    }
}

/// Returns the labels and paths of a split.
func listing(_ dataset: any Dataset, _ split: Split) -> [(label: Int, path: String)] {
    guard let source = (dataset as? StoredDataset)?.source else { return [] }
    return (0..<source.count(of: split)).map { (source.label(at: $0, in: split), source.path(of: $0, in: split)) }
}
