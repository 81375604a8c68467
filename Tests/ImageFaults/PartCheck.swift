package import Datasets
package import TestRandom

/// The outcome of decoding.
package enum DecodingOutcome: Equatable {
    case decoded
    case refused(ImageError)
    /// A part had other pixels than the same part of the whole, or was refused though the whole was not.
    case unequal(String)
}

/// A decoder that decodes whole pictures and random parts of them, and compares these.
package struct PartCheck: ~Copyable {
    private var decoder: ImageDecoder
    private var whole = ImageBuffer()
    private var part = ImageBuffer()

    package init(mostPixels: Int = Image.mostPixels, turnsUpright: Bool = true) {
        decoder = ImageDecoder(mostPixels: mostPixels, turnsUpright: turnsUpright)
    }

    /// Decodes the whole, then `parts` rectangles of it.
    package mutating func check(
        _ bytes: [UInt8], path: String = "picture", parts: Int = 1, eighths: Int = 8, using random: inout SeededRandom
    ) -> DecodingOutcome {
        do throws(ImageError) {
            try decoder.decode(bytes.span, path: path, into: &whole) { header in
                let size = header.size(eighths: eighths)
                return ImagePart(rows: 0..<size.height, columns: 0..<size.width, eighths: eighths)
            }
        } catch {
            // A part may still be sound; any answer is right.
            _ = try? decoder.decode(bytes.span, path: path, into: &part) { header in
                Self.part(height: header.height, width: header.width, eighths: 8, using: &random)
            }
            return .refused(error)
        }
        for _ in 0..<parts {
            let wanted = Self.part(height: whole.height, width: whole.width, eighths: eighths, using: &random)
            do throws(ImageError) {
                try decoder.decode(bytes.span, path: path, into: &part) { _ in wanted }
            } catch {
                return .unequal("\(wanted): \(error)")
            }
            guard isEqual(wanted) else { return .unequal("\(wanted) of \(whole.width) x \(whole.height)") }
        }
        return .decoded
    }

    private static func part(
        height: Int, width: Int, eighths: Int, using random: inout SeededRandom
    ) -> ImagePart {
        func range(_ length: Int) -> Range<Int> {
            // Lengths of one or two pixels, or up to an edge, are as frequent as all others together.
            let longest = Bool.random(using: &random) ? length : min(length, 3)
            let size = Int.random(in: 1...longest, using: &random)
            let anywhere = Int.random(in: 0...length - size, using: &random)
            let first = [0, length - size, anywhere].randomElement(using: &random) ?? anywhere
            return first..<first + size
        }
        return ImagePart(rows: range(height), columns: range(width), eighths: eighths)
    }

    private borrowing func isEqual(_ wanted: ImagePart) -> Bool {
        let (rows, columns) = (part.height, part.width)
        guard rows == wanted.rows.count, columns == wanted.columns.count else { return false }
        let wholeWidth = whole.width
        return whole.withSpan { whole in
            part.withSpan { part in
                for row in 0..<rows {
                    let first = 3 * ((wanted.rows.lowerBound + row) * wholeWidth + wanted.columns.lowerBound)
                    for byte in 0..<3 * columns where whole[first + byte] != part[3 * row * columns + byte] {
                        return false
                    }
                }
                return true
            }
        }
    }
}
