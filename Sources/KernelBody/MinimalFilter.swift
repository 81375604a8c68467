import KernelInterface

// Winograd's minimal filtering of 3x3 kernels: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016.
//
//   Y = A' [(G g G') * (B' d B)] A
//
// d: the inputs of a patch, two more along a side than outputs; g: 3x3 weights; Y: outputs; * goes coefficient by coefficient.
// The transforms are sums of few terms, vector by vector along channels: the bits depend on no tile, task or vector width.

/// The transforms of one patch, a vector of its channels.
protocol MinimalFilter {
    /// Outputs of a patch along a side. Its inputs and coefficients are two more.
    static var outputs: Int { get }

    /// B' d B
    static func transformSource(
        _ source: UnsafePointer<Float>, pixelStride: Int, rowStride: Int, to target: UnsafeMutablePointer<Float>,
        coefficientStride: Int)

    /// G g G', of taps that lie `tapStride` apart.
    static func transformWeights(
        _ weights: UnsafePointer<Float>, tapStride: Int, to target: UnsafeMutablePointer<Float>, coefficientStride: Int)

    /// A' m A
    static func transformProducts(
        _ products: UnsafePointer<Float>, coefficientStride: Int,
        _ write: (_ y: Vector, _ row: Int, _ column: Int) -> Void)
}

extension MinimalFilter {
    @inline(__always) static var inputs: Int { outputs &+ 2 }
    @inline(__always) static var coefficients: Int { inputs &* inputs }
}

/// sum + factor * x
@inline(__always)
func add(_ factor: Float, _ x: Vector, to sum: Vector) -> Vector { sum.addingProduct(x, Vector(repeating: factor)) }
