package import Datasets

extension Image {
    /// Reads a JPEG, PNG or WebP file, upright and in colour, whatever its name says.
    ///
    /// Its pixels are `ImageDecoder`'s.
    /// - Throws: `ImageError` for anything but a whole picture of at most `mostPixels`.
    package init(contentsOf path: String) throws(ImageError) {
        try self.init(bytes: Self.bytes(ofFile: path), path: path)
    }

    /// Reads a JPEG, PNG or WebP file that is in memory already.
    ///
    /// - Parameter path: The file's name in messages.
    package init(bytes: [UInt8], path: String) throws(ImageError) {
        var decoder = ImageDecoder()
        var buffer = ImageBuffer()
        try decoder.decode(bytes.span, path: path, into: &buffer)
        self = buffer.image()
    }
}
