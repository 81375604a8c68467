/// The outlines that `Shapes` draws, each a distance from its edge.
///
/// Lengths are in units of the figure's circumradius, with its centre at (0, 0). A distance is negative inside and
/// positive outside, and exact or nearly so around the edge, which is all that smoothing the edge needs.
enum Figure: Int, CaseIterable, Sendable {
    case circle, square, triangle, pentagon, star, cross, ring, crescent, stripes, checkerboard

    var name: String { "\(self)" }

    /// Returns the signed distance of (x, y) from the figure's edge.
    ///
    /// - Parameter isRound: whether the two patterns, stripes and checkerboard, fill a disc instead of a square.
    @inline(__always)
    func distance(_ x: Float, _ y: Float, isRound: Bool) -> Float {
        switch self {
        case .circle: return length(x, y) - 1
        case .square: return box(x, y, 0.7071, 0.7071)
        case .triangle: return polygon(x, y, cosines: (1, -0.5, -0.5), sines: (0, 0.8660254, -0.8660254)) - 0.5
        case .pentagon: return alongNearestOfFive(x, y) - 0.8090170
        case .star: return star(x, y)
        case .cross: return min(box(x, y, 0.9487, 0.3162), box(x, y, 0.3162, 0.9487))
        case .ring: return max(length(x, y) - 1, 0.58 - length(x, y))
        case .crescent: return max(length(x, y) - 1, 0.8 - length(x - 0.55, y))
        case .stripes: return max(patch(x, y, isRound), wave(x, period: 0.6667))
        case .checkerboard:
            let (a, b) = (wave(x, period: 1), wave(y, period: 1))
            // Where exactly one of the two waves is inside.
            return max(patch(x, y, isRound), max(min(a, b), -max(a, b)))
        }
    }

    @inline(__always)
    private func length(_ x: Float, _ y: Float) -> Float { (x * x + y * y).squareRoot() }

    /// Returns the signed distance from a rectangle of `width` and `height` to each side.
    @inline(__always)
    private func box(_ x: Float, _ y: Float, _ width: Float, _ height: Float) -> Float {
        max(x.magnitude - width, y.magnitude - height)
    }

    /// Returns the signed distance from the edge of the disc or square that a pattern fills.
    @inline(__always)
    private func patch(_ x: Float, _ y: Float, _ isRound: Bool) -> Float {
        isRound ? length(x, y) - 1 : box(x, y, 0.8, 0.8)
    }

    /// Returns the farthest (x, y) reaches along three directions.
    @inline(__always)
    private func polygon(_ x: Float, _ y: Float, cosines: (Float, Float, Float), sines: (Float, Float, Float)) -> Float
    {
        max(x * cosines.0 + y * sines.0, max(x * cosines.1 + y * sines.1, x * cosines.2 + y * sines.2))
    }

    /// Returns the farthest (x, y) reaches along five directions a fifth of a turn apart.
    @inline(__always)
    private func alongNearestOfFive(_ x: Float, _ y: Float) -> Float {
        let (near, far) = (0.3090170 * x, -0.8090170 * x)
        let side = y.magnitude
        return max(x, max(near + 0.9510565 * side, far + 0.5877853 * side))
    }

    /// Five tips on the unit circle and notches at 0.45 of it.
    @inline(__always)
    private func star(_ x: Float, _ y: Float) -> Float {
        // Every point is the mirror image of one beside the nearest tip: `along` its axis, `across` from it.
        let along = alongNearestOfFive(x, y)
        let across = max(x * x + y * y - along * along, 0).squareRoot()
        // The edge from the tip (1, 0) to the notch 0.45 (cos 36°, sin 36°), and its outward normal.
        return 0.3840306 * (along - 1) + 0.9233204 * across
    }

    /// Stripes along y, half of each period inside.
    @inline(__always)
    private func wave(_ x: Float, period: Float) -> Float {
        // Inside the image |x| < 6, so that 10 more periods make every place positive and truncation rounds it down.
        let place = x * (1 / period) + 10.25
        return ((place - Float(Int32(place)) - 0.5).magnitude - 0.25) * period
    }
}
