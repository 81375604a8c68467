/// The orientation of a picture by Exif's tag 274: the place of the file's row 0 and column 0 in the upright picture.
enum Orientation: Int {
    case upright = 1
    case mirrored, halfTurn, mirroredHalfTurn, transposed, quarterTurnRight, transverse, quarterTurnLeft

    /// Whether rows become columns.
    var isSideways: Bool { rawValue >= 5 }

    /// Makes the orientation in Exif data or, without any there, in XMP data; upright where neither has one.
    init(exif: [UInt8], xmp: [UInt8]) {
        switch Exif.orientation(exif) {
        case .absent: self = Self.orientation(xmp: xmp) ?? .upright
        case .number(let value): self = value.flatMap(Int.init(exactly:)).flatMap(Self.init) ?? .upright
        }
    }

    /// `tiff:Orientation="6"` or `<tiff:Orientation>6</tiff:Orientation>`, as Pillow looks for it. (XMP part 1, section
    /// 7.)
    private static func orientation(xmp: [UInt8]) -> Orientation? {
        let name = Array("tiff:Orientation".utf8)
        var place = 0
        while place + name.count + 2 < xmp.count {
            defer { place += 1 }
            guard xmp[place] == name[0], xmp[place..<place + name.count].elementsEqual(name) else { continue }
            var digit = place + name.count
            if xmp[digit] == UInt8(ascii: ">") {
                digit += 1
            } else if xmp[digit] == UInt8(ascii: "="), xmp[digit + 1] == UInt8(ascii: "\"") {
                digit += 2
            } else {
                continue
            }
            guard digit < xmp.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(xmp[digit]) else { continue }
            return Orientation(rawValue: Int(xmp[digit] - UInt8(ascii: "0")))
        }
        return nil
    }

    /// Returns the part of the file's picture that becomes `part` of an upright one with `height` x `width` pixels.
    func stored(_ part: ImagePart, height: Int, width: Int) -> ImagePart {
        func flipped(_ range: Range<Int>, _ length: Int) -> Range<Int> {
            length - range.upperBound..<length - range.lowerBound
        }
        let (rows, columns) = (part.rows, part.columns)
        let there: (rows: Range<Int>, columns: Range<Int>) =
            switch self {
            case .upright: (rows, columns)
            case .mirrored: (rows, flipped(columns, width))
            case .halfTurn: (flipped(rows, height), flipped(columns, width))
            case .mirroredHalfTurn: (flipped(rows, height), columns)
            case .transposed: (columns, rows)
            case .quarterTurnRight: (flipped(columns, width), rows)
            case .transverse: (flipped(columns, width), flipped(rows, height))
            case .quarterTurnLeft: (columns, flipped(rows, height))
            }
        return ImagePart(rows: there.rows, columns: there.columns, eighths: part.eighths)
    }

    /// Returns the steps through a picture of `height` x `width` in upright order, its pixels counted row by row.
    /// `first` is the upright one's first pixel, and `down` and `across` are the distances to its next row and column.
    func steps(height: Int, width: Int) -> (first: Int, down: Int, across: Int) {
        let (lastRow, lastColumn) = ((height - 1) * width, width - 1)
        return switch self {
        case .upright: (0, width, 1)
        case .mirrored: (lastColumn, width, -1)
        case .halfTurn: (lastRow + lastColumn, -width, -1)
        case .mirroredHalfTurn: (lastRow, -width, 1)
        case .transposed: (0, 1, width)
        case .quarterTurnRight: (lastRow, 1, -width)
        case .transverse: (lastRow + lastColumn, -1, -width)
        case .quarterTurnLeft: (lastColumn, -1, width)
        }
    }
}
