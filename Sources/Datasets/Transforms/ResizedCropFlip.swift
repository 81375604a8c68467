import Tensors

/// The usual augmentation for photographs: a part of the image is resized to the network's size, and mirrored every
/// other time. (Szegedy et al., "Going Deeper with Convolutions", 2015, section 6; with the numbers of torchvision's
/// `RandomResizedCrop`.)
///
/// The part's area is between 0.08 and 1 of the image's, drawn uniformly; its ratio of width to height is between 3/4
/// and 4/3, drawn uniformly by its logarithm. The first of ten tries that fits is used; if none does, the largest part
/// in the middle with an allowed ratio.
struct ResizedCropFlip: Equatable {
    let top: Int
    let left: Int
    let height: Int
    let width: Int
    let isMirrored: Bool

    /// The shares of the image's area that a part may have.
    static let areas = 0.08...1.0
    private static let leastRatio = 3.0 / 4
    private static let tries: UInt64 = 10
    /// The random number that decides whether the image is mirrored.
    static let flipIndex = 4 * tries
}

extension ResizedCropFlip {
    /// - Parameters:
    ///   - height: of the image.
    ///   - width: of the image.
    ///   - areas: shares of its area, evenly.
    init(_ draws: AugmentationDraws, height: Int, width: Int, areas: ClosedRange<Double> = areas) {
        let isMirrored = draws.coin(Self.flipIndex)
        let bound = Elementary.log(Self.leastRatio)
        for attempt in 0..<Self.tries {
            let area = Double(height * width) * draws.uniform(4 * attempt, areas.lowerBound, areas.upperBound)
            let ratio = Elementary.exp(draws.uniform(4 * attempt + 1, bound, -bound))
            let across = Int((area * ratio).squareRoot().rounded())
            let down = Int((area / ratio).squareRoot().rounded())
            guard (1...width).contains(across), (1...height).contains(down) else { continue }
            self.init(
                top: draws.integer(4 * attempt + 2, below: height - down + 1),
                left: draws.integer(4 * attempt + 3, below: width - across + 1), height: down, width: across,
                isMirrored: isMirrored)
            return
        }
        self.init(middleOf: height, width, isMirrored: isMirrored)
    }

    /// Makes the largest part in the middle with an allowed ratio.
    init(middleOf height: Int, _ width: Int, isMirrored: Bool) {
        let ratio = Double(width) / Double(height)
        let across = ratio > 1 / Self.leastRatio ? Int((Double(height) / Self.leastRatio).rounded()) : width
        let down = ratio < Self.leastRatio ? Int((Double(width) / Self.leastRatio).rounded()) : height
        self.init(
            top: (height - down) / 2, left: (width - across) / 2, height: down, width: across, isMirrored: isMirrored)
    }

    /// Cuts the part out, enlarges it and mirrors it. Nothing shrinks, so that there is nothing to smooth.
    ///
    /// - Parameter pixels: side x side x channels numbers.
    func apply(to pixels: inout MutableSpan<Float>, side: Int, channels: Int) {
        let original = pixels.indices.map { pixels[$0] }
        let rows = Interpolation(from: height, to: side)
        let columns = Interpolation(from: width, to: side)
        for row in 0..<side {
            let (above, below) = ((top + rows.lower[row]) * side, (top + rows.upper[row]) * side)
            let down = rows.fraction[row]
            for column in 0..<side {
                let source = isMirrored ? side - 1 - column : column
                let (near, far) = (left + columns.lower[source], left + columns.upper[source])
                let across = columns.fraction[source]
                for channel in 0..<channels {
                    func at(_ line: Int, _ place: Int) -> Float { original[(line + place) * channels + channel] }
                    let upper = at(above, near) + (at(above, far) - at(above, near)) * across
                    let lower = at(below, near) + (at(below, far) - at(below, near)) * across
                    pixels[(row * side + column) * channels + channel] = upper + (lower - upper) * down
                }
            }
        }
    }
}
