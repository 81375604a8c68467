import KernelInterface

// Narrow maps: of eight channels at most, their pixels eight floats apart, an even number of them in a row. Two pixels are a vector of
// sixteen lanes, or two of eight. Who reads a pixel as sixteen lanes finds the next one's behind its own; who writes must spare them.

/// Floats from pixel to pixel, and of a pair of pixels.
@inline(__always) var narrowLanes: Int { 8 }
@inline(__always) var pairLanes: Int { 16 }

extension TensorView {
    @inline(__always) var isNarrow: Bool { pixelStride == narrowLanes }

    /// Lanes that a pixel may be written with: whole vectors of sixteen, but in narrow maps.
    @inline(__always) var pixelLanes: Int { min(padded(channels), pixelStride) }
}

/// Writes a vector of a pixel, or what of it is the pixel's: half of sixteen lanes in a narrow map.
@inline(__always)
func put(_ value: Vector, _ memory: UnsafeMutablePointer<Float>, pixelStride: Int) {
    if lanes > pixelStride {
        let half = value.lowHalf
        UnsafeMutableRawPointer(memory).storeBytes(of: half, as: type(of: half))
    } else {
        put(value, memory)
    }
}

/// Copies eight floats: what lies behind a pixel's channels is overwritten too.
@inline(__always)
func copyNarrow(from source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(destination).storeBytes(
        of: UnsafeRawPointer(source).loadUnaligned(as: SIMD8<Float>.self), as: SIMD8<Float>.self)
}

/// Calls `body` for the vectors of a pair of pixels.
@inline(__always)
func forEachPairVector(_ body: (_ lane: Int) -> Void) {
    var lane = 0
    while lane < pairLanes {
        body(lane)
        lane &+= lanes
    }
}

/// The vector of a pair from `lane` on, both of whose pixels are the one in memory.
@inline(__always)
func twice(_ pixel: UnsafePointer<Float>, lane: Int) -> Vector {
    if lanes < pairLanes { return vector(pixel + lane % narrowLanes) }
    let half = vector(pixel).lowHalf
    return Vector(lowHalf: half, highHalf: half)
}
