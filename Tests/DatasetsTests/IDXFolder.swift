import Datasets
import Foundation

/// A folder with the four files of a tiny Fashion-MNIST, each of which a test may damage. It is removed with its last
/// reference.
final class IDXFolder {
    let path: String

    static let trainImages = "train-images-idx3-ubyte"
    static let trainLabels = "train-labels-idx1-ubyte"
    static let testImages = "t10k-images-idx3-ubyte"
    static let testLabels = "t10k-labels-idx1-ubyte"

    /// Writes `train` and `test` samples; pixel k of image i is (7 i + k) mod 256, label i is i mod 10.
    init(train: Int = 5, test: Int = 3) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("idx-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.path
        try write(Self.images(train), to: Self.trainImages)
        try write(Self.labels(train), to: Self.trainLabels)
        try write(Self.images(test), to: Self.testImages)
        try write(Self.labels(test), to: Self.testLabels)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Returns the path of a file as messages give it.
    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    }

    /// Replaces a file by its compressed form.
    func compress(_ name: String) throws {
        let gzip = Process()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        gzip.arguments = ["gzip", file(name)]
        try gzip.run()
        gzip.waitUntilExit()
        guard gzip.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    func bytes(of name: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: URL(fileURLWithPath: file(name))))
    }

    /// Returns the error that opening the folder throws; nil where it opens.
    func failure() -> DatasetError? {
        do throws(DatasetError) {
            _ = try MNIST(.fashion, folder: path)
            return nil
        } catch {
            return error
        }
    }

    static func images(_ count: Int, rows: Int = 28, columns: Int = 28) -> [UInt8] {
        let pixels = (0..<count).flatMap { image in
            (0..<rows * columns).map { pixel -> UInt8 in UInt8((7 * image + pixel) % 256) }
        }
        return header(0x803, [count, rows, columns]) + pixels
    }

    static func labels(_ count: Int) -> [UInt8] {
        header(0x801, [count]) + (0..<count).map { UInt8($0 % 10) }
    }

    static func header(_ magic: Int, _ dimensions: [Int]) -> [UInt8] {
        ([magic] + dimensions).flatMap { word in [24, 16, 8, 0].map { UInt8(word >> $0 & 255) } }
    }
}
