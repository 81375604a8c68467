import Files

/// A picture in memory: bytes, red, green, blue, row by row.
package struct Image: Equatable, Sendable {
    package let height: Int
    package let width: Int
    /// height x width x 3, in sRGB.
    package let pixels: [UInt8]

    /// The most pixels that a picture may have, which is Pillow's limit too. Three times as many bytes are 0.5 GiB.
    package static let mostPixels = 178_956_970

    /// - Precondition: `pixels` are height x width x 3, and there is at least one pixel.
    package init(height: Int, width: Int, pixels: [UInt8]) {
        precondition(
            height > 0 && width > 0 && pixels.count == height * width * 3,
            "\(pixels.count) bytes for \(width) x \(height) pixels")
        self.height = height
        self.width = width
        self.pixels = pixels
    }

    /// All bytes of a picture's file.
    ///
    /// - Throws: `ImageError` where it cannot be read, or is larger than any picture of `mostPixels`.
    package static func bytes(ofFile path: String) throws(ImageError) -> [UInt8] {
        do throws(FileError) {
            return try readFile(path, limit: mostBytes)
        } catch {
            if error.isMissing { throw .noFile(file: path) }
            throw .unreadable(file: path, reason: error.reason)
        }
    }

    /// The largest size of a picture's file in bytes: `mostPixels` of three channels and opacity at 16 bits,
    /// uncompressed.
    private static let mostBytes = 8 * mostPixels
}
