import Foundation

/// A folder with 40 images to train and 12 to test, in the files of Fashion-MNIST. It is removed with its last
/// reference.
final class TinyDigits: Sendable {
    private let folder: TemporaryFolder

    /// The value for `--data`.
    var specification: String { "fashion-mnist:" + folder.path }

    /// - Parameter shift: added to every pixel.
    init(shift: Int = 0) throws {
        folder = try TemporaryFolder()
        for (prefix, count) in [("train", 40), ("t10k", 12)] {
            let images = (0..<count).flatMap { image in (0..<784).map { UInt8((37 * image + 11 * $0 + shift) % 251) } }
            try write(Self.header(0x803, [count, 28, 28]) + images, to: "\(prefix)-images-idx3-ubyte")
            try write(
                Self.header(0x801, [count]) + (0..<count).map { UInt8($0 % 10) }, to: "\(prefix)-labels-idx1-ubyte")
        }
    }

    private func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(filePath: folder.path + "/" + name))
    }

    private static func header(_ magic: Int, _ dimensions: [Int]) -> [UInt8] {
        ([magic] + dimensions).flatMap { word in [24, 16, 8, 0].map { UInt8(word >> $0 & 255) } }
    }
}
