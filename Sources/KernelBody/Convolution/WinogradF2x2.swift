import KernelInterface

/// F(2x2, 3x3): 16 products for each input and output of a patch, in place of 36. Rounds no worse than the sum over
/// taps.
enum WinogradF2x2: WinogradTransform {
    /// The four numbers along one side of a patch or of its transformed tile.
    private typealias Side = (Vector, Vector, Vector, Vector)

    @inline(__always) static var outputs: Int { 2 }

    /// B' d
    @inline(__always)
    private static func inputSide(_ d: Side) -> Side { (d.0 - d.2, d.1 + d.2, d.2 - d.1, d.1 - d.3) }

    /// G g
    @inline(__always)
    private static func weightSide(_ g0: Vector, _ g1: Vector, _ g2: Vector) -> Side {
        let half = Vector(repeating: 0.5)
        let ends = g0 + g2
        return (g0, (ends + g1) * half, (ends - g1) * half, g2)
    }

    /// A' m
    @inline(__always)
    private static func outputSide(_ m: Side) -> (Vector, Vector) { (m.0 + m.1 + m.2, m.1 - m.2 - m.3) }

    @inline(__always)
    private static func side(_ memory: UnsafePointer<Float>, stride: Int) -> Side {
        (vector(memory), vector(memory + stride), vector(memory + 2 &* stride), vector(memory + 3 &* stride))
    }

    @inline(__always)
    private static func putSide(
        _ side: Side, row: Int, _ target: UnsafeMutablePointer<Float>, tileElementStride: Int
    ) {
        let place = target + 4 &* row &* tileElementStride
        put(side.0, place)
        put(side.1, place + tileElementStride)
        put(side.2, place + 2 &* tileElementStride)
        put(side.3, place + 3 &* tileElementStride)
    }

    @inline(__always)
    static func transformSource(
        _ source: UnsafePointer<Float>, pixelStride: Int, rowStride: Int, to target: UnsafeMutablePointer<Float>,
        tileElementStride: Int
    ) {
        @inline(__always)
        func below(_ column: Int) -> Side { inputSide(side(source + column &* pixelStride, stride: rowStride)) }
        let (a, b, c, d) = (below(0), below(1), below(2), below(3))
        putSide(inputSide((a.0, b.0, c.0, d.0)), row: 0, target, tileElementStride: tileElementStride)
        putSide(inputSide((a.1, b.1, c.1, d.1)), row: 1, target, tileElementStride: tileElementStride)
        putSide(inputSide((a.2, b.2, c.2, d.2)), row: 2, target, tileElementStride: tileElementStride)
        putSide(inputSide((a.3, b.3, c.3, d.3)), row: 3, target, tileElementStride: tileElementStride)
    }

    @inline(__always)
    static func transformWeights(
        _ weights: UnsafePointer<Float>, tapStride: Int, to target: UnsafeMutablePointer<Float>, tileElementStride: Int
    ) {
        @inline(__always)
        func below(_ column: Int) -> Side {
            let top = weights + column &* tapStride
            return weightSide(vector(top), vector(top + 3 &* tapStride), vector(top + 6 &* tapStride))
        }
        let (a, b, c) = (below(0), below(1), below(2))
        putSide(weightSide(a.0, b.0, c.0), row: 0, target, tileElementStride: tileElementStride)
        putSide(weightSide(a.1, b.1, c.1), row: 1, target, tileElementStride: tileElementStride)
        putSide(weightSide(a.2, b.2, c.2), row: 2, target, tileElementStride: tileElementStride)
        putSide(weightSide(a.3, b.3, c.3), row: 3, target, tileElementStride: tileElementStride)
    }

    @inline(__always)
    static func transformProducts(
        _ products: UnsafePointer<Float>, tileElementStride: Int,
        _ write: (_ y: Vector, _ row: Int, _ column: Int) -> Void
    ) {
        @inline(__always)
        func below(_ column: Int) -> (Vector, Vector) {
            outputSide(side(products + column &* tileElementStride, stride: 4 &* tileElementStride))
        }
        let (a, b, c, d) = (below(0), below(1), below(2), below(3))
        let top = outputSide((a.0, b.0, c.0, d.0))
        let bottom = outputSide((a.1, b.1, c.1, d.1))
        write(top.0, 0, 0)
        write(top.1, 0, 1)
        write(bottom.0, 1, 0)
        write(bottom.1, 1, 1)
    }
}
