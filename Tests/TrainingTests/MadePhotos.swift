import Foundation
import ImageFaults

/// Pictures of two classes in folders, some of which may be damaged. The folder is removed with its last reference.
final class MadePhotos: Sendable {
    private let folder: TemporaryFolder

    /// The value for `--data`.
    var path: String { folder.path }

    /// - Parameters:
    ///   - train: the number of sound pictures to train with, each of its own size, half of each class.
    ///   - test: the number of those to test with.
    init(train: Int = 40, test: Int = 12) throws {
        folder = try TemporaryFolder()
        for (split, count) in [("train", train), ("val", test)] {
            for number in 0..<count {
                try write(Self.picture(number), to: "\(split)/\("ab".dropFirst(number % 2).prefix(1))/\(number).png")
            }
        }
    }

    static func picture(_ number: Int) -> [UInt8] {
        let (width, height) = (30 + number % 5, 30 + number % 7)
        let pixels = (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 &* (number + 3) >> 2) }
        return Pictures.png(pixels, width: width, height: height, channels: 3)
    }

    /// Returns a picture that ends in the middle.
    static func cut(_ number: Int) -> [UInt8] {
        let file = picture(number)
        return Array(file.prefix(file.count / 2))
    }

    /// Adds damaged pictures, which come before the sound ones of class a.
    func damage(_ count: Int, in split: String = "train", from first: Int = 0) throws {
        for number in first..<first + count { try write(Self.cut(number), to: "\(split)/a/-cut-\(number).png") }
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        let url = URL(filePath: path + "/" + name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }
}
