import Foundation
import Testing

@testable import Datasets

extension MadeFolder {
    /// Packs a dataset into a new folder of this one.
    @discardableResult
    func pack(
        _ specification: String, to name: String = "out", as content: PackedContent = .stored,
        shardBytes: Int = 1 << 20, threads: Int = 2
    ) throws -> DatasetPacking {
        try DatasetPacking(
            of: Recognition(of: specification, isReadInOrder: true).source(DatasetOptions()), to: path + "/" + name,
            as: content, shardBytes: shardBytes, threads: threads)
    }

    /// Returns the error that packing throws; nil where it succeeds.
    func packingFailure(_ specification: String, to name: String = "out") -> DatasetError? {
        do {
            try pack(specification, to: name)
            return nil
        } catch {
            return error as? DatasetError
        }
    }

    func bytes(_ name: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(filePath: "\(path)/\(name)"))) }

    func names(_ name: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path + "/" + name)) ?? []).sorted()
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }

    /// Writes a folder of a few pictures of two classes, in both splits.
    func writePhotos(_ name: String = "photos") throws {
        for index in 0..<24 {
            let (label, below) = (["cat", "dog"][index % 2], index % 3 == 0 ? "sub/" : "")
            try write(picture(index, width: 4 + index % 5), to: "\(name)/train/\(label)/\(below)p \(index).png")
        }
        for index in 0..<5 {
            try write(picture(100 + index), to: "\(name)/val/\(["cat", "dog"][index % 2])/\(index).PNG")
        }
    }
}

/// Returns a source's sample as it is stored.
func stored(_ source: any Source, _ index: Int, _ split: Split) throws -> StoredSample {
    var sample = StoredSample()
    try source.read(index, of: split, into: &sample)
    return sample
}

func source(_ specification: String) throws -> any Source {
    try Recognition(of: specification).source(DatasetOptions())
}

/// Returns an index with the checksum of its bytes, whatever they are.
func resealed(_ index: [UInt8]) -> [UInt8] {
    var bytes = Array(index.dropLast(8))
    bytes.append(littleEndian: XXH64.of(bytes.span.bytes))
    return bytes
}
