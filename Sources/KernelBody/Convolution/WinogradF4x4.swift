import KernelInterface

/// F(4x4, 3x3): 36 products for each input and output of a patch, in place of 144.
///
/// A side's polynomials are evaluated at 0, 1, -1, 2, -1/2 and infinity, which lose less to rounding than pairs of 2
/// and -2 or 1/2 and -1/2 (Barabasz, Anderson, Soodhalter and Gregg, "Error Analysis and Improving the Accuracy of
/// Winograd Convolution for Deep Neural Networks", ACM TOMS 2020). Convolutions and weight gradients still err some
/// three times as much as sums over taps.
enum WinogradF4x4: WinogradGradientTransform {
    /// Numbers along one side of a patch: inputs, or elements of a transformed tile.
    typealias LongSide = (Vector, Vector, Vector, Vector, Vector, Vector)
    /// Outputs, or their gradients.
    typealias ShortSide = (Vector, Vector, Vector, Vector)

    @inline(__always) static var outputs: Int { 4 }

    /// B' d
    @inline(__always)
    private static func inputSide(_ d: LongSide) -> LongSide {
        // All but two of the polynomials have the roots 2 and -1/2 in common: x^2 - 3/2 x - 1.
        let s0 = add(-1.5, d.1, to: d.2 - d.0)
        let s1 = add(-1.5, d.2, to: d.3 - d.1)
        let s2 = add(-1.5, d.3, to: d.4 - d.2)
        let s3 = add(-1.5, d.4, to: d.5 - d.3)
        let odd = d.3 - d.1
        let even = d.4 - d.2
        return (s2 - s0, s2 + s1, s2 - s1, add(0.5, odd, to: even), add(-2, odd, to: even), s3 - s1)
    }

    /// G g
    @inline(__always)
    private static func weightSide(_ g0: Vector, _ g1: Vector, _ g2: Vector) -> LongSide {
        let ends = g0 + g2
        return (
            g0, (ends + g1) * (-1 / 3), (ends - g1) * (1 / 3), add(4, g2, to: add(2, g1, to: g0)) * (1 / 15),
            add(0.25, g2, to: add(-0.5, g1, to: g0)) * (-16 / 15), g2
        )
    }

    /// A' m
    @inline(__always)
    private static func outputSide(_ m: LongSide) -> ShortSide {
        let even = m.1 + m.2
        let odd = m.1 - m.2
        return (
            (m.0 + even) + (m.3 + m.4), add(-0.5, m.4, to: add(2, m.3, to: odd)),
            add(0.25, m.4, to: add(4, m.3, to: even)), add(-0.125, m.4, to: add(8, m.3, to: odd)) + m.5
        )
    }

    /// A dY
    @inline(__always)
    private static func gradientSide(_ y: ShortSide) -> LongSide {
        let even = y.0 + y.2
        let odd = y.1 + y.3
        return (
            y.0, even + odd, even - odd, add(8, y.3, to: add(4, y.2, to: add(2, y.1, to: y.0))),
            add(-0.125, y.3, to: add(0.25, y.2, to: add(-0.5, y.1, to: y.0))), y.3
        )
    }

    /// G' u
    @inline(__always)
    private static func sumSide(_ u: LongSide) -> (Vector, Vector, Vector) {
        let u3 = u.3 * (1 / 15)
        let u4 = u.4 * (-16 / 15)
        let even = (u.2 - u.1) * (1 / 3)
        let odd = (u.1 + u.2) * (-1 / 3)
        return (
            (u.0 + even) + (u3 + u4), add(-0.5, u4, to: add(2, u3, to: odd)),
            add(0.25, u4, to: add(4, u3, to: even)) + u.5
        )
    }

    @inline(__always)
    private static func side(_ memory: UnsafePointer<Float>, stride: Int) -> LongSide {
        (
            vector(memory), vector(memory + stride), vector(memory + 2 &* stride), vector(memory + 3 &* stride),
            vector(memory + 4 &* stride), vector(memory + 5 &* stride)
        )
    }

    @inline(__always)
    private static func putSide(
        _ side: LongSide, row: Int, _ target: UnsafeMutablePointer<Float>, tileElementStride: Int
    ) {
        let place = target + 6 &* row &* tileElementStride
        put(side.0, place)
        put(side.1, place + tileElementStride)
        put(side.2, place + 2 &* tileElementStride)
        put(side.3, place + 3 &* tileElementStride)
        put(side.4, place + 4 &* tileElementStride)
        put(side.5, place + 5 &* tileElementStride)
    }

    @inline(__always)
    static func transformSource(
        _ source: UnsafePointer<Float>, pixelStride: Int, rowStride: Int, to target: UnsafeMutablePointer<Float>,
        tileElementStride: Int
    ) {
        @inline(__always)
        func below(_ column: Int) -> LongSide { inputSide(side(source + column &* pixelStride, stride: rowStride)) }
        @inline(__always)
        func write(_ row: Int, _ numbers: LongSide) {
            putSide(inputSide(numbers), row: row, target, tileElementStride: tileElementStride)
        }
        let (a, b, c, d, e, f) = (below(0), below(1), below(2), below(3), below(4), below(5))
        write(0, (a.0, b.0, c.0, d.0, e.0, f.0))
        write(1, (a.1, b.1, c.1, d.1, e.1, f.1))
        write(2, (a.2, b.2, c.2, d.2, e.2, f.2))
        write(3, (a.3, b.3, c.3, d.3, e.3, f.3))
        write(4, (a.4, b.4, c.4, d.4, e.4, f.4))
        write(5, (a.5, b.5, c.5, d.5, e.5, f.5))
    }

    @inline(__always)
    static func transformWeights(
        _ weights: UnsafePointer<Float>, tapStride: Int, to target: UnsafeMutablePointer<Float>, tileElementStride: Int
    ) {
        @inline(__always)
        func below(_ column: Int) -> LongSide {
            let top = weights + column &* tapStride
            return weightSide(vector(top), vector(top + 3 &* tapStride), vector(top + 6 &* tapStride))
        }
        @inline(__always)
        func write(_ row: Int, _ g0: Vector, _ g1: Vector, _ g2: Vector) {
            putSide(weightSide(g0, g1, g2), row: row, target, tileElementStride: tileElementStride)
        }
        let (a, b, c) = (below(0), below(1), below(2))
        write(0, a.0, b.0, c.0)
        write(1, a.1, b.1, c.1)
        write(2, a.2, b.2, c.2)
        write(3, a.3, b.3, c.3)
        write(4, a.4, b.4, c.4)
        write(5, a.5, b.5, c.5)
    }

    @inline(__always)
    static func transformProducts(
        _ products: UnsafePointer<Float>, tileElementStride: Int,
        _ write: (_ y: Vector, _ row: Int, _ column: Int) -> Void
    ) {
        @inline(__always)
        func below(_ column: Int) -> ShortSide {
            outputSide(side(products + column &* tileElementStride, stride: 6 &* tileElementStride))
        }
        @inline(__always)
        func writeRow(_ row: Int, _ numbers: LongSide) {
            let y = outputSide(numbers)
            write(y.0, row, 0)
            write(y.1, row, 1)
            write(y.2, row, 2)
            write(y.3, row, 3)
        }
        let (a, b, c, d, e, f) = (below(0), below(1), below(2), below(3), below(4), below(5))
        writeRow(0, (a.0, b.0, c.0, d.0, e.0, f.0))
        writeRow(1, (a.1, b.1, c.1, d.1, e.1, f.1))
        writeRow(2, (a.2, b.2, c.2, d.2, e.2, f.2))
        writeRow(3, (a.3, b.3, c.3, d.3, e.3, f.3))
    }

    @inline(__always)
    static func transformGradient(
        to target: UnsafeMutablePointer<Float>, tileElementStride: Int, _ dy: (_ row: Int, _ column: Int) -> Vector
    ) {
        @inline(__always)
        func below(_ column: Int) -> LongSide {
            gradientSide((dy(0, column), dy(1, column), dy(2, column), dy(3, column)))
        }
        @inline(__always)
        func write(_ row: Int, _ numbers: ShortSide) {
            putSide(gradientSide(numbers), row: row, target, tileElementStride: tileElementStride)
        }
        let (a, b, c, d) = (below(0), below(1), below(2), below(3))
        write(0, (a.0, b.0, c.0, d.0))
        write(1, (a.1, b.1, c.1, d.1))
        write(2, (a.2, b.2, c.2, d.2))
        write(3, (a.3, b.3, c.3, d.3))
        write(4, (a.4, b.4, c.4, d.4))
        write(5, (a.5, b.5, c.5, d.5))
    }

    @inline(__always)
    static func transformSums(
        _ sums: UnsafePointer<Float>, tileElementStride: Int, to target: UnsafeMutablePointer<Float>, tapStride: Int
    ) {
        @inline(__always)
        func below(_ column: Int) -> (Vector, Vector, Vector) {
            sumSide(side(sums + column &* tileElementStride, stride: 6 &* tileElementStride))
        }
        @inline(__always)
        func write(_ row: Int, _ numbers: LongSide) {
            let side = sumSide(numbers)
            let place = target + 3 &* row &* tapStride
            put(side.0, place)
            put(side.1, place + tapStride)
            put(side.2, place + 2 &* tapStride)
        }
        let (a, b, c, d, e, f) = (below(0), below(1), below(2), below(3), below(4), below(5))
        write(0, (a.0, b.0, c.0, d.0, e.0, f.0))
        write(1, (a.1, b.1, c.1, d.1, e.1, f.1))
        write(2, (a.2, b.2, c.2, d.2, e.2, f.2))
    }
}
