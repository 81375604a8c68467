import Foundation
import ImageFaults

/// A folder of small photographs: JPEGs of several shapes, every third of which asks to be turned by a quarter. It is
/// removed with its last reference.
final class TinyPhotographs: Sendable {
    private let folder: TemporaryFolder

    /// The value for `--data`.
    var path: String { folder.path }

    /// - Parameters:
    ///   - classes: names of their folders.
    ///   - shift: added to the number of every picture.
    init(classes: [String] = ["cat", "dog", "owl"], train: Int = 6, test: Int = 3, shift: Int = 0) throws {
        folder = try TemporaryFolder()
        for (label, name) in classes.enumerated() {
            for (split, count) in [("train", train), ("val", test)] {
                for number in 0..<count {
                    try write(Self.photograph(shift + 100 * label + number), to: "\(split)/\(name)/\(number).jpg")
                }
            }
        }
    }

    /// Returns the paths of a class's test pictures.
    func testPictures(of name: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(path)/val/\(name)").sorted().map {
            "\(path)/val/\(name)/\($0)"
        }
    }

    private func write(_ bytes: [UInt8], to name: String) throws {
        let url = URL(filePath: "\(path)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    private static func photograph(_ number: Int) -> [UInt8] {
        let (width, height) = (40 + 5 * (number % 4), 70 - 9 * (number % 3))
        let pixels = (0..<width * height * 3).map { place in
            UInt8(truncatingIfNeeded: 29 * number + (place / 9 % width) * (3 + number % 5) + place / width / 7 * 11)
        }
        let file = Pictures.jpeg(pixels, width: width, height: height, channels: 3, sampling: (2, 2))
        guard number.isMultiple(of: 3) else { return file }
        let exif = Array("Exif\0\0".utf8) + Pictures.exif(6, isLittle: true)
        return PictureFiles.jpeg(file, with: [PictureFiles.segment(0xE1, exif)])
    }
}
