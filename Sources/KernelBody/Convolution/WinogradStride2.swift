import KernelInterface

// Winograd of 3x3 kernels at stride 2: 25 products for each input and output of a patch, in place of 36 (Yepez and Ko,
// "Stride 2 1-D, 2-D, and 3-D Winograd for Convolutional Neural Networks", IEEE TVLSI 2020).
//
// Along a side, the outer two weights meet inputs of even places and the middle one those of odd places. The outer ones
// are F(2, 2), three products of numbers that are inputs' differences and weights' sum; the middle one is a product for
// each output.

/// Numbers along one side of a transformed tile.
private typealias Side = (Vector, Vector, Vector, Vector, Vector)

@inline(__always)
private func numbers(_ memory: UnsafePointer<Float>, stride: Int) -> Side {
    (
        vector(memory), vector(memory + stride), vector(memory + 2 &* stride), vector(memory + 3 &* stride),
        vector(memory + 4 &* stride)
    )
}

@inline(__always)
private func putSide(_ side: Side, row: Int, _ target: UnsafeMutablePointer<Float>, tileElementStride: Int) {
    let place = target + 5 &* row &* tileElementStride
    put(side.0, place)
    put(side.1, place + tileElementStride)
    put(side.2, place + 2 &* tileElementStride)
    put(side.3, place + 3 &* tileElementStride)
    put(side.4, place + 4 &* tileElementStride)
}

/// The common transform of weights, in which the last two elements along a side would be equal.
protocol Stride2Filter: WinogradTransform {}

extension Stride2Filter {
    @inline(__always) static var side: Int { 5 }
    @inline(__always) static var weightElements: Int { 16 }

    @inline(__always)
    static func weights(meeting tileElement: Int) -> Int {
        4 &* min(tileElement / 5, 3) &+ min(tileElement % 5, 3)
    }

    @inline(__always)
    static func transformWeights(
        _ weights: UnsafePointer<Float>, tapStride: Int, to target: UnsafeMutablePointer<Float>, tileElementStride: Int
    ) {
        @inline(__always)
        func write(_ row: Int, _ g0: Vector, _ g1: Vector, _ g2: Vector) {
            let place = target + 4 &* row &* tileElementStride
            put(g0, place)
            put(g0 + g2, place + tileElementStride)
            put(g2, place + 2 &* tileElementStride)
            put(g1, place + 3 &* tileElementStride)
        }
        @inline(__always)
        func tap(_ row: Int, _ column: Int) -> Vector { vector(weights + (3 &* row &+ column) &* tapStride) }
        write(0, tap(0, 0), tap(0, 1), tap(0, 2))
        write(1, tap(0, 0) + tap(2, 0), tap(0, 1) + tap(2, 1), tap(0, 2) + tap(2, 2))
        write(2, tap(2, 0), tap(2, 1), tap(2, 2))
        write(3, tap(1, 0), tap(1, 1), tap(1, 2))
    }
}

/// 2x2 outputs, from 5x5 inputs.
enum WinogradStride2: Stride2Filter, WinogradGradientTransform {
    @inline(__always) static var outputs: Int { 2 }
    @inline(__always) static var inputs: Int { 5 }
    @inline(__always) static var inputStep: Int { 4 }

    /// B' d
    @inline(__always)
    private static func inputSide(_ d: Side) -> Side { (d.0 - d.2, d.2, d.2 - d.4, d.1, d.3) }

    /// A' m
    @inline(__always)
    private static func outputSide(_ m: Side) -> (Vector, Vector) { ((m.0 + m.1) + m.3, (m.1 - m.2) + m.4) }

    /// A dY
    @inline(__always)
    private static func gradientSide(_ y0: Vector, _ y1: Vector) -> Side { (y0, y0 + y1, -y1, y0, y1) }

    /// G' u
    @inline(__always)
    private static func sumSide(_ u: Side) -> (Vector, Vector, Vector) { (u.0 + u.1, u.3 + u.4, u.1 + u.2) }

    @inline(__always)
    static func transformSource(
        _ source: UnsafePointer<Float>, pixelStride: Int, rowStride: Int, to target: UnsafeMutablePointer<Float>,
        tileElementStride: Int
    ) {
        @inline(__always)
        func below(_ column: Int) -> Side {
            inputSide(numbers(source + column &* pixelStride, stride: rowStride))
        }
        @inline(__always)
        func write(_ row: Int, _ side: Side) {
            putSide(inputSide(side), row: row, target, tileElementStride: tileElementStride)
        }
        let (a, b, c, d, e) = (below(0), below(1), below(2), below(3), below(4))
        write(0, (a.0, b.0, c.0, d.0, e.0))
        write(1, (a.1, b.1, c.1, d.1, e.1))
        write(2, (a.2, b.2, c.2, d.2, e.2))
        write(3, (a.3, b.3, c.3, d.3, e.3))
        write(4, (a.4, b.4, c.4, d.4, e.4))
    }

    @inline(__always)
    static func transformProducts(
        _ products: UnsafePointer<Float>, tileElementStride: Int,
        _ write: (_ y: Vector, _ row: Int, _ column: Int) -> Void
    ) {
        @inline(__always)
        func below(_ column: Int) -> (Vector, Vector) {
            outputSide(numbers(products + column &* tileElementStride, stride: 5 &* tileElementStride))
        }
        let (a, b, c, d, e) = (below(0), below(1), below(2), below(3), below(4))
        let top = outputSide((a.0, b.0, c.0, d.0, e.0))
        let bottom = outputSide((a.1, b.1, c.1, d.1, e.1))
        write(top.0, 0, 0)
        write(top.1, 0, 1)
        write(bottom.0, 1, 0)
        write(bottom.1, 1, 1)
    }

    @inline(__always)
    static func transformGradient(
        to target: UnsafeMutablePointer<Float>, tileElementStride: Int, _ dy: (_ row: Int, _ column: Int) -> Vector
    ) {
        let left = gradientSide(dy(0, 0), dy(1, 0))
        let right = gradientSide(dy(0, 1), dy(1, 1))
        @inline(__always)
        func write(_ row: Int, _ y0: Vector, _ y1: Vector) {
            putSide(gradientSide(y0, y1), row: row, target, tileElementStride: tileElementStride)
        }
        write(0, left.0, right.0)
        write(1, left.1, right.1)
        write(2, left.2, right.2)
        write(3, left.3, right.3)
        write(4, left.4, right.4)
    }

    @inline(__always)
    static func transformSums(
        _ sums: UnsafePointer<Float>, tileElementStride: Int, to target: UnsafeMutablePointer<Float>, tapStride: Int
    ) {
        @inline(__always)
        func below(_ column: Int) -> (Vector, Vector, Vector) {
            sumSide(numbers(sums + column &* tileElementStride, stride: 5 &* tileElementStride))
        }
        @inline(__always)
        func write(_ row: Int, _ side: Side) {
            let taps = sumSide(side)
            let place = target + 3 &* row &* tapStride
            put(taps.0, place)
            put(taps.1, place + tapStride)
            put(taps.2, place + 2 &* tapStride)
        }
        let (a, b, c, d, e) = (below(0), below(1), below(2), below(3), below(4))
        write(0, (a.0, b.0, c.0, d.0, e.0))
        write(1, (a.1, b.1, c.1, d.1, e.1))
        write(2, (a.2, b.2, c.2, d.2, e.2))
    }
}

/// The gradients of 4x4 inputs from those of 3x3 outputs, where one row and column of zeros is around the inputs. The
/// kernel is rotated by 180 degrees: gradients at odd places meet its outer weights, those at even places the middle
/// one.
enum WinogradStride2Transposed: Stride2Filter {
    @inline(__always) static var outputs: Int { 4 }
    @inline(__always) static var inputs: Int { 3 }
    @inline(__always) static var inputStep: Int { 2 }

    /// B' d
    @inline(__always)
    private static func inputSide(_ d0: Vector, _ d1: Vector, _ d2: Vector) -> Side { (d0 - d1, d1, d1 - d2, d0, d1) }

    /// A' m
    @inline(__always)
    private static func outputSide(_ m: Side) -> (Vector, Vector, Vector, Vector) { (m.3, m.0 + m.1, m.4, m.1 - m.2) }

    @inline(__always)
    static func transformSource(
        _ source: UnsafePointer<Float>, pixelStride: Int, rowStride: Int, to target: UnsafeMutablePointer<Float>,
        tileElementStride: Int
    ) {
        @inline(__always)
        func below(_ column: Int) -> Side {
            let top = source + column &* pixelStride
            return inputSide(vector(top), vector(top + rowStride), vector(top + 2 &* rowStride))
        }
        @inline(__always)
        func write(_ row: Int, _ d0: Vector, _ d1: Vector, _ d2: Vector) {
            putSide(inputSide(d0, d1, d2), row: row, target, tileElementStride: tileElementStride)
        }
        let (a, b, c) = (below(0), below(1), below(2))
        write(0, a.0, b.0, c.0)
        write(1, a.1, b.1, c.1)
        write(2, a.2, b.2, c.2)
        write(3, a.3, b.3, c.3)
        write(4, a.4, b.4, c.4)
    }

    @inline(__always)
    static func transformProducts(
        _ products: UnsafePointer<Float>, tileElementStride: Int,
        _ write: (_ y: Vector, _ row: Int, _ column: Int) -> Void
    ) {
        @inline(__always)
        func below(_ column: Int) -> (Vector, Vector, Vector, Vector) {
            outputSide(numbers(products + column &* tileElementStride, stride: 5 &* tileElementStride))
        }
        @inline(__always)
        func writeRow(_ row: Int, _ side: Side) {
            let y = outputSide(side)
            write(y.0, row, 0)
            write(y.1, row, 1)
            write(y.2, row, 2)
            write(y.3, row, 3)
        }
        let (a, b, c, d, e) = (below(0), below(1), below(2), below(3), below(4))
        writeRow(0, (a.0, b.0, c.0, d.0, e.0))
        writeRow(1, (a.1, b.1, c.1, d.1, e.1))
        writeRow(2, (a.2, b.2, c.2, d.2, e.2))
        writeRow(3, (a.3, b.3, c.3, d.3, e.3))
    }
}
