import KernelInterface

// Elementwise functions y = f(x) and their gradients, which follow from y, or of GELU from x. Kernels of these
// operations and epilogues of other kernels share this code, so that they agree to the bit.

protocol NumberFunction {
    static func value(_ x: Vector) -> Vector
    /// Returns dx, from dy and y, or for GELU from dy and x.
    static func gradient(_ y: Vector, _ dy: Vector) -> Vector
}

/// y = max(x, 0); dx = dy where y > 0
enum ReLU: NumberFunction {
    @inline(__always)
    static func value(_ x: Vector) -> Vector {
        let zero = Vector(repeating: 0)
        return x.replacing(with: zero, where: x .< zero)
    }
    @inline(__always)
    static func gradient(_ y: Vector, _ dy: Vector) -> Vector {
        let zero = Vector(repeating: 0)
        return zero.replacing(with: dy, where: y .> zero)
    }
}

/// y = min(max(x, 0), 6); dx = dy where 0 < y < 6
enum ReLU6: NumberFunction {
    @inline(__always)
    static func value(_ x: Vector) -> Vector {
        let six = Vector(repeating: 6)
        let positive = ReLU.value(x)
        return positive.replacing(with: six, where: positive .> six)
    }
    @inline(__always)
    static func gradient(_ y: Vector, _ dy: Vector) -> Vector {
        let zero = Vector(repeating: 0)
        return zero.replacing(with: dy, where: (y .> zero) .& (y .< Vector(repeating: 6)))
    }
}

/// y = 1 / (1 + exp(-x)); dx = dy * y * (1 - y)
enum Sigmoid: NumberFunction {
    @inline(__always)
    static func value(_ x: Vector) -> Vector {
        let one = Vector(repeating: 1)
        return one / (one + exponential(Vector(repeating: 0) - x))
    }
    @inline(__always)
    static func gradient(_ y: Vector, _ dy: Vector) -> Vector { dy * (y * (Vector(repeating: 1) - y)) }
}

/// y = 1 - 2 / (1 + exp(2x)); dx = dy * (1 - y²)
enum HyperbolicTangent: NumberFunction {
    @inline(__always)
    static func value(_ x: Vector) -> Vector {
        let one = Vector(repeating: 1)
        return one - (one + one) / (one + exponential(x + x))
    }
    @inline(__always)
    static func gradient(_ y: Vector, _ dy: Vector) -> Vector { dy * (Vector(repeating: 1) - y * y) }
}

/// y = x Phi(x); dx = dy * (Phi(x) + x phi(x)), Phi the normal distribution's cumulative function and phi its density
///
/// Phi(-|x|) = exp(-x²/2) t P(t), t = 1 / (1 + 0.305 |x|), P of degree 7: the form of Abramowitz and Stegun's 7.1.26.
/// The coefficients are our own, fitted to the relative error: it stays under 1e-7 up to |x| = 13, where exp
/// underflows.
enum GELU: NumberFunction {
    /// Phi(x), and exp(-x²/2).
    @inline(__always)
    private static func distribution(_ x: Vector) -> (Phi: Vector, bell: Vector) {
        let (zero, one) = (Vector(repeating: 0), Vector(repeating: 1))
        let isNegative = x .< zero
        let size = x.replacing(with: zero - x, where: isNegative)
        let bell = exponential(x * x * Vector(repeating: -0.5))
        let t = one / one.addingProduct(size, Vector(repeating: 0.305))
        var p = Vector(repeating: 3.669_927_6e-2)
        p = Vector(repeating: -1.529_886_6e-1).addingProduct(p, t)
        p = Vector(repeating: 1.857_174_8e-1).addingProduct(p, t)
        p = Vector(repeating: -3.797_733e-2).addingProduct(p, t)
        p = Vector(repeating: 1.210_219_2e-1).addingProduct(p, t)
        p = Vector(repeating: 1.034_208e-1).addingProduct(p, t)
        p = Vector(repeating: 1.224_668_25e-1).addingProduct(p, t)
        p = Vector(repeating: 1.216_397_36e-1).addingProduct(p, t)
        let tail = bell * (t * p)
        return ((one - tail).replacing(with: tail, where: isNegative), bell)
    }

    @inline(__always)
    static func value(_ x: Vector) -> Vector { x * distribution(x).Phi }

    @inline(__always)
    static func gradient(_ x: Vector, _ dy: Vector) -> Vector {
        let (Phi, bell) = distribution(x)
        // 1 / sqrt(2 pi)
        return dy * Phi.addingProduct(x * Vector(repeating: 0.398_942_28), bell)
    }
}

/// Pixels of the same channels, `stride` floats apart.
struct OpenPixels<Member: EmptyMember> {
    var memory: UnsafeMutablePointer<Float>
    var stride: Int
    var count: Int
    var channels: Int
    /// y, or for GELU x, of which `memory` holds gradients.
    var activated: UnsafePointer<Float>?
    var activatedStride: Int
    var member = Member()
}

typealias Pixels = OpenPixels<Nothing>

/// Applies `function` to pixels that have just been written, or its gradient where `activated` is given.
@inline(never)
func applyActivation(_ function: Nonlinearity, _ pixels: UnsafePointer<Pixels>) {
    switch function {
    case .relu: applyActivation(ReLU.self, pixels)
    case .relu6: applyActivation(ReLU6.self, pixels)
    case .sigmoid: applyActivation(Sigmoid.self, pixels)
    case .tanh: applyActivation(HyperbolicTangent.self, pixels)
    case .gelu: applyActivation(GELU.self, pixels)
    }
}

@inline(__always)
private func applyActivation<F: NumberFunction>(_ function: F.Type, _ pixels: UnsafePointer<Pixels>) {
    let channels = pixels.pointee.channels
    let stride = pixels.pointee.stride
    var memory = pixels.pointee.memory
    if let activated = pixels.pointee.activated {
        var y = activated
        for _ in 0..<pixels.pointee.count {
            var lane = 0
            while lane < channels {
                put(F.gradient(vector(y + lane), vector(memory + lane)), memory + lane)
                lane &+= lanes
            }
            memory += stride
            y += pixels.pointee.activatedStride
        }
        return
    }
    for _ in 0..<pixels.pointee.count {
        var lane = 0
        while lane < channels {
            put(F.value(vector(memory + lane)), memory + lane)
            lane &+= lanes
        }
        memory += stride
    }
}

extension FusedActivation {
    /// Applies it to pixels that have just been written, `stride` floats apart.
    @inline(__always)
    func callAsFunction(
        _ memory: UnsafeMutablePointer<Float>, stride: Int, count: Int, channels: Int,
        activated: UnsafePointer<Float>?, activatedStride: Int
    ) {
        var pixels = Pixels(
            memory: memory, stride: stride, count: count, channels: channels, activated: activated,
            activatedStride: activatedStride)
        applyActivation(function, &pixels)
    }
}
