import KernelInterface

// Winograd F(m x m, 3 x 3): Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016.
//
//   Y = A' [(G g G') * (B' d B)] A
//
// d: the inputs of a patch; g: 3x3 weights; Y: m x m outputs; * multiplies elements of transformed tiles.
// A tile element is one of a transformed tile.
// The transforms are sums of few terms, vector by vector along channels: the bits depend on no tile, task or vector
// width.

/// The transforms of one patch, a vector of its channels.
protocol WinogradTransform {
    /// Outputs of a patch along a side.
    static var outputs: Int { get }
    /// Inputs of a patch along a side, and how many of them are not the next one's too.
    static var inputs: Int { get }
    static var inputStep: Int { get }
    /// Elements of a transformed tile along a side.
    static var side: Int { get }
    /// Elements of transformed weights, and the one of them that an element of a transformed patch is multiplied by.
    static var weightElements: Int { get }
    static func weights(meeting tileElement: Int) -> Int

    /// B' d B
    static func transformSource(
        _ source: UnsafePointer<Float>, pixelStride: Int, rowStride: Int, to target: UnsafeMutablePointer<Float>,
        tileElementStride: Int)

    /// G g G', of taps that lie `tapStride` apart.
    static func transformWeights(
        _ weights: UnsafePointer<Float>, tapStride: Int, to target: UnsafeMutablePointer<Float>, tileElementStride: Int)

    /// A' m A
    static func transformProducts(
        _ products: UnsafePointer<Float>, tileElementStride: Int,
        _ write: (_ y: Vector, _ row: Int, _ column: Int) -> Void)
}

extension WinogradTransform {
    @inline(__always) static var inputs: Int { outputs &+ 2 }
    @inline(__always) static var inputStep: Int { outputs }
    @inline(__always) static var side: Int { inputs }
    @inline(__always) static var tileElements: Int { side &* side }
    @inline(__always) static var weightElements: Int { tileElements }
    @inline(__always) static func weights(meeting tileElement: Int) -> Int { tileElement }
}

/// A Winograd algorithm for weight gradients, whose patches are of dy: dg = G' [sum over patches of (B' d B) * (A dY
/// A')] G.
protocol WinogradGradientTransform: WinogradTransform {
    /// A dY A', of the gradient `dy` at a row and column of the patch.
    static func transformGradient(
        to target: UnsafeMutablePointer<Float>, tileElementStride: Int, _ dy: (_ row: Int, _ column: Int) -> Vector)

    /// G' u G, to taps that lie `tapStride` apart.
    static func transformSums(
        _ sums: UnsafePointer<Float>, tileElementStride: Int, to target: UnsafeMutablePointer<Float>, tapStride: Int)
}

/// sum + factor * x
@inline(__always)
func add(_ factor: Float, _ x: Vector, to sum: Vector) -> Vector { sum.addingProduct(x, Vector(repeating: factor)) }
