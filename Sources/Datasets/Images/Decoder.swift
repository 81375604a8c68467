/// A decoder of JPEG, PNG and WebP files that are in memory: from encoded bytes to the pixels of one rectangle.
///
/// A worker has one of its own, and gives it the same `ImageBuffer` for each picture:
///
///     var decoder = ImageDecoder()
///     var image = ImageBuffer()
///     for sample in samples {
///         try decoder.decode(sample.bytes.span, path: sample.name, into: &image) { header in
///             // Called once, when the header has been read and nothing has been decoded.
///             let crop = randomCrop(height: header.height, width: header.width)
///             return ImagePart(rows: crop.rows, columns: crop.columns)
///         }
///         image.withSpan { pixels in … }  // image.height x image.width x 3, upright
///     }
///
/// - The file's first bytes determine the format; its name does not matter.
/// - Sizes and parts are those of the upright picture: rotations and mirrorings that the file asks for have been
///   carried out.
/// - Pixels of a part are those of the whole, to the byte. Less is decoded for it: of a JPEG the columns around the
///   part and the rows down to it, of PNG and WebP the rows down to its end.
/// - Pixels are those of Pillow's `ImageOps.exif_transpose(image).convert("RGB")`; docs/images.md has the exceptions.
/// - A picture of more than `mostPixels` is refused by its header. Memory is reserved after that: `ImageBuffer`
///   reserves the part's, the libraries that of some rows, but of all coefficients of a progressive JPEG and of all
///   pixels of an interlaced PNG.
/// - The decoder keeps nothing of a file, so that no picture depends on the previous one.
///
/// Damage below the part is not noticed, except for a missing end, which is always refused.
package struct ImageDecoder: ~Copyable {
    /// The most pixels that a picture's header may announce.
    package var mostPixels: Int
    /// Whether pictures are turned as their Exif or XMP data ask for. False is torchvision's way.
    package var turnsUpright: Bool
    /// A part before it is turned.
    private var stored = ImageBuffer()

    package init(mostPixels: Int = Image.mostPixels, turnsUpright: Bool = true) {
        self.mostPixels = mostPixels
        self.turnsUpright = turnsUpright
    }

    /// Reads the header of a file; decodes nothing.
    ///
    /// - Parameters:
    ///   - bytes: the whole file; metadata may follow the pixels.
    ///   - path: The file's name in messages.
    /// - Throws: `ImageError` for anything but the header of a picture that can be decoded.
    package func header(of bytes: Span<UInt8>, path: String) throws(ImageError) -> ImageHeader {
        let container = try Container(bytes, path: path)
        return try bytes.extracting(container.payload).withUnsafeBufferPointer { payload throws(ImageError) in
            let codec = try Codec(container.format, payload, path: path)
            return try header(container, codec, path: path)
        }
    }

    /// Decodes the part that `part` returns for the header; by default the whole picture.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - path: The file's name in messages.
    ///   - image: gets the part's size; its memory is reused. After an error its contents are undefined.
    ///   - part: returns a part within the picture, with at least one pixel.
    /// - Returns: The header.
    /// - Throws: `ImageError` for anything but a whole picture of at most `mostPixels`.
    @discardableResult
    package mutating func decode(
        _ bytes: Span<UInt8>, path: String, into image: inout ImageBuffer,
        part: (ImageHeader) -> ImagePart = { $0.whole }
    ) throws(ImageError) -> ImageHeader {
        let container = try Container(bytes, path: path)
        return try bytes.extracting(container.payload).withUnsafeBufferPointer { payload throws(ImageError) in
            let codec = try Codec(container.format, payload, path: path)
            let header = try header(container, codec, path: path)
            let part = part(header)
            header.check(part)
            let readsAll = !container.isWhole
            guard header.orientation != .upright else {
                try codec.decode(part, of: container, readsAll: readsAll, into: &image, path: path)
                return header
            }
            let size = header.size(eighths: part.eighths)
            let there = header.orientation.stored(part, height: size.height, width: size.width)
            try codec.decode(there, of: container, readsAll: readsAll, into: &stored, path: path)
            image.turn(stored, header.orientation)
            return header
        }
    }

    private func header(
        _ container: Container, _ codec: borrowing Codec, path: String
    ) throws(ImageError) -> ImageHeader {
        let (height, width) = try container.size(codec, path: path)
        // Both are 32 bits at most: the product fits.
        guard height * width <= mostPixels else {
            throw .tooLarge(file: path, height: height, width: width, limit: mostPixels)
        }
        let orientation = turnsUpright ? container.orientation : .upright
        return ImageHeader(
            format: container.format, height: orientation.isSideways ? width : height,
            width: orientation.isSideways ? height : width, orientation: orientation)
    }
}

/// The header of a picture's file.
package struct ImageHeader: Equatable, Sendable {
    package let format: ImageFormat
    /// Rows of the upright picture.
    package let height: Int
    /// Columns of the upright picture.
    package let width: Int
    /// The orientation by which the file's pixels are turned to be upright.
    let orientation: Orientation

    /// Whether a part may ask for fewer than 8 eighths.
    package var canShrink: Bool { format == .jpeg }

    /// The part with all pixels.
    package var whole: ImagePart { ImagePart(rows: 0..<height, columns: 0..<width) }

    /// Returns the size of the upright picture with its sides scaled by `eighths` / 8, rounded up.
    package func size(eighths: Int) -> (height: Int, width: Int) {
        ((height * eighths + 7) / 8, (width * eighths + 7) / 8)
    }

    fileprivate func check(_ part: ImagePart) {
        precondition(
            part.eighths == 8 || (canShrink && (1...8).contains(part.eighths)),
            "\(part.eighths) eighths of a \(format.name) picture")
        let (rows, columns) = size(eighths: part.eighths)
        precondition(
            !part.rows.isEmpty && !part.columns.isEmpty && part.rows.lowerBound >= 0 && part.rows.upperBound <= rows
                && part.columns.lowerBound >= 0 && part.columns.upperBound <= columns,
            "rows \(part.rows) and columns \(part.columns) of a picture of \(columns) x \(rows) pixels")
    }
}

/// The part of a picture that is wanted.
package struct ImagePart: Equatable, Sendable {
    package var rows: Range<Int>
    package var columns: Range<Int>
    /// The scale of the inverse cosine transform of a JPEG, in eighths of the picture's sides. It is much faster than
    /// resizing afterwards, and gives other pixels. Rows and columns are then those of `ImageHeader.size(eighths:)`.
    package var eighths: Int

    package init(rows: Range<Int>, columns: Range<Int>, eighths: Int = 8) {
        self.rows = rows
        self.columns = columns
        self.eighths = eighths
    }
}
