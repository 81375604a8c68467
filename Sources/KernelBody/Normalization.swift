import KernelInterface

// What normalisation comes to, vector by vector. One text for all that need its result or only its sign: they agree to the bit.

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

extension Normalization {
    /// Becomes that of the channels from `lane` on.
    @inline(__always)
    mutating func drop(lanes lane: Int) {
        mean += lane
        scale += lane
        bias += lane
    }

    /// The channels of one pixel, normalised.
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
