import KernelInterface

// Normalisation, vector by vector. One text for all that need its result or only its sign: they agree to the bit.

/// (x - mean) * scale + bias
@inline(__always)
func affine(
    _ x: Vector, mean: UnsafePointer<Float>, scale: UnsafePointer<Float>, bias: UnsafePointer<Float>
) -> Vector {
    vector(bias).addingProduct(x - vector(mean), vector(scale))
}

extension Bounds {
    /// y, held to the bounds.
    @inline(__always)
    func hold(_ y: Vector) -> Vector {
        let low = Vector(repeating: low)
        let high = Vector(repeating: high)
        let raised = y.replacing(with: low, where: y .< low)
        return raised.replacing(with: high, where: raised .> high)
    }

    /// dy where y lies within the bounds.
    @inline(__always)
    func pass(_ dy: Vector, _ y: Vector) -> Vector {
        Vector(repeating: 0).replacing(
            with: dy, where: (y .> Vector(repeating: low)) .& (y .< Vector(repeating: high)))
    }
}

/// A batch norm's gradient at one vector of channels, held in registers while pixels pass by.
struct OpenNormGradientVector<Member: EmptyMember> {
    private let mean: Vector
    private let scale: Vector
    private let bias: Vector
    private let gradientScale: Vector
    private let slope: Vector
    private let offset: Vector
    private let bounds: Bounds?
    private let member = Member()

    @inline(__always)
    init(_ norm: NormGradient, _ lane: Int) {
        mean = vector(norm.mean + lane)
        scale = vector(norm.scale + lane)
        bias = vector(norm.bias + lane)
        gradientScale = vector(norm.gradientScale + lane)
        slope = vector(norm.slope + lane)
        offset = vector(norm.offset + lane)
        bounds = norm.bounds
    }

    /// dx
    @inline(__always)
    func callAsFunction(_ dy: Vector, _ x: Vector) -> Vector {
        let centered = x - mean
        let passed = bounds.map { $0.pass(dy, bias.addingProduct(centered, scale)) } ?? dy
        return offset.addingProduct(centered, slope).addingProduct(passed, gradientScale)
    }
}

typealias NormGradientVector = OpenNormGradientVector<Nothing>

extension NormGradient {
    /// dx of some pixels' channels, as whole vectors; the destination's pixels are padded to them.
    @inline(__always)
    func copy(
        _ count: Int, pixels: Int, from dy: UnsafePointer<Float>, dyStride: Int, x: UnsafePointer<Float>,
        to destination: UnsafeMutablePointer<Float>, pixelStride: Int
    ) {
        forEachTile(0..<padded(count)) { lane, isWide in
            copyTile(
                lane: lane, isWide: isWide, pixels: pixels, from: dy + lane, dyStride: dyStride, x: x + lane,
                to: destination + lane, pixelStride: pixelStride)
        }
    }

    /// Copies the lanes of one tile from `lane` on, to which all three pointers point.
    @inline(__always)
    func copyTile(
        lane: Int, isWide: Bool, pixels: Int, from dy: UnsafePointer<Float>, dyStride: Int, x: UnsafePointer<Float>,
        to destination: UnsafeMutablePointer<Float>, pixelStride: Int
    ) {
        let xStride = input.pixelStride
        let first = NormGradientVector(self, lane)
        let second = isWide ? NormGradientVector(self, lane &+ lanes) : first
        for pixel in 0..<pixels {
            let dy = dy + pixel &* dyStride
            let x = x + pixel &* xStride
            let target = destination + pixel &* pixelStride
            put(first(streamed(dy, pixelStride: dyStride), streamed(x, pixelStride: xStride)), target)
            if isWide {
                let (dy, x) = (dy + lanes, x + lanes)
                put(
                    second(streamed(dy, pixelStride: dyStride), streamed(x, pixelStride: xStride)), target + lanes)
            }
        }
    }
}

extension Prologue {
    /// Becomes that of the channels from `lane` on. Gradients of batch norms are read with all of their channels.
    @inline(__always)
    mutating func drop(lanes lane: Int) {
        guard case .normalization(var normalization) = self else { return }
        normalization.drop(lanes: lane)
        self = .normalization(normalization)
    }
}

extension Normalization {
    /// Becomes the normalisation of the channels from `lane` on.
    @inline(__always)
    mutating func drop(lanes lane: Int) {
        mean += lane
        scale += lane
        bias += lane
    }

    /// Copies the channels of one pixel, normalised.
    @inline(__always)
    func copy(_ count: Int, from source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>) {
        var i = 0
        while i &+ lanes <= count {
            let y = affine(vector(source + i), mean: mean + i, scale: scale + i, bias: bias + i)
            put(bounds.hold(y), destination + i)
            i &+= lanes
        }
        while i < count {
            let y = bias[i].addingProduct(source[i] - mean[i], scale[i])
            let raised = y < bounds.low ? bounds.low : y
            destination[i] = raised > bounds.high ? bounds.high : raised
            i &+= 1
        }
    }
}
