import KernelInterface

// Maps with channels padded to 8: their pixels lie eight floats apart, an even number of them in a row. Two pixels are
// a vector of sixteen lanes, or two of eight. A read of sixteen lanes includes the next pixel; a write must preserve
// it.

/// Floats from pixel to pixel, and of two pixels side by side.
@inline(__always) var smallGranule: Int { 8 }
@inline(__always) var twoPixelLanes: Int { 16 }

extension TensorView {
    @inline(__always) var isPaddedTo8: Bool { pixelStride == smallGranule }

    /// Lanes that a pixel may be written with: whole vectors of sixteen, but eight where channels are padded to 8.
    @inline(__always) var pixelLanes: Int { min(padded(channels), pixelStride) }
}

/// Writes a pixel's part of a vector: half of sixteen lanes where channels are padded to 8, else all.
@inline(__always)
func put(_ value: Vector, _ memory: UnsafeMutablePointer<Float>, pixelStride: Int) {
    if lanes > pixelStride {
        let half = value.lowHalf
        UnsafeMutableRawPointer(memory).storeBytes(of: half, as: type(of: half))
    } else {
        put(value, memory)
    }
}

/// Copies eight floats, of which those after a pixel's channels overwrite the target too.
@inline(__always)
func copyPaddedTo8(from source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(destination).storeBytes(
        of: UnsafeRawPointer(source).loadUnaligned(as: SIMD8<Float>.self), as: SIMD8<Float>.self)
}

/// Calls `body` for the vectors of two pixels side by side.
@inline(__always)
func forEachPairVector(_ body: (_ lane: Int) -> Void) {
    var lane = 0
    while lane < twoPixelLanes {
        body(lane)
        lane &+= lanes
    }
}

/// Returns a vector from `lane` on of two pixels, both of which are the single one in memory.
@inline(__always)
func twice(_ pixel: UnsafePointer<Float>, lane: Int) -> Vector {
    if lanes < twoPixelLanes { return vector(pixel + lane % smallGranule) }
    let half = vector(pixel).lowHalf
    return Vector(lowHalf: half, highHalf: half)
}
