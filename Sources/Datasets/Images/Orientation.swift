/// How a camera was held, as Exif's tag 274 says: where row 0 and column 0 of the file belong in the upright picture.
enum Orientation: Int {
    case upright = 1
    case mirrored, halfTurn, mirroredHalfTurn, transposed, quarterTurnRight, transverse, quarterTurnLeft

    /// Whether rows become columns.
    var isSideways: Bool { rawValue >= 5 }

    /// Reads the tag from the first directory of TIFF data; nil where it is not there, or is no orientation.
    /// (TIFF 6.0, section 2; Exif 2.32, section 4.6.4.)
    init?(exif: ArraySlice<UInt8>) {
        let bytes = Array(exif)
        let isLittle = bytes.starts(with: [0x49, 0x49, 0x2A, 0])
        guard isLittle || bytes.starts(with: [0x4D, 0x4D, 0, 0x2A]) else { return nil }
        func number(at place: Int, bytes count: Int) -> Int? {
            guard place >= 0, place + count <= bytes.count else { return nil }
            let digits = bytes[place..<place + count]
            return isLittle
                ? digits.reversed().reduce(0) { $0 << 8 | Int($1) } : digits.reduce(0) { $0 << 8 | Int($1) }
        }
        guard let directory = number(at: 4, bytes: 4), let entries = number(at: directory, bytes: 2) else { return nil }
        for entry in 0..<entries {
            let place = directory + 2 + 12 * entry
            // Tag 274, one number of 16 bits.
            guard let tag = number(at: place, bytes: 2) else { return nil }
            guard tag == 274 else { continue }
            guard number(at: place + 2, bytes: 2) == 3, let value = number(at: place + 8, bytes: 2) else { return nil }
            self.init(rawValue: value)
            return
        }
        return nil
    }
}

extension Image {
    /// The picture as it was seen, of pixels that lie as `orientation` says.
    func upright(_ orientation: Orientation) -> Image {
        guard orientation != .upright else { return self }
        let (rows, columns) = orientation.isSideways ? (width, height) : (height, width)
        var turned = [UInt8](repeating: 0, count: pixels.count)
        var target = turned.mutableSpan
        let source = pixels.span
        for row in 0..<rows {
            for column in 0..<columns {
                let (y, x): (Int, Int) =
                    switch orientation {
                    case .upright: (row, column)
                    case .mirrored: (row, width - 1 - column)
                    case .halfTurn: (height - 1 - row, width - 1 - column)
                    case .mirroredHalfTurn: (height - 1 - row, column)
                    case .transposed: (column, row)
                    case .quarterTurnRight: (height - 1 - column, row)
                    case .transverse: (height - 1 - column, width - 1 - row)
                    case .quarterTurnLeft: (column, width - 1 - row)
                    }
                for channel in 0..<3 {
                    target[3 * (row * columns + column) + channel] = source[3 * (y * width + x) + channel]
                }
            }
        }
        return Image(height: rows, width: columns, pixels: turned)
    }
}
