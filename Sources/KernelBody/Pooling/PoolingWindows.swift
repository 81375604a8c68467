import KernelInterface

/// Calls `body` with the part of a pooling window that is inside the map.
@inline(__always)
func clipped(_ position: Int, _ arguments: PoolingArguments, extent: Int) -> (start: Int, end: Int) {
    let start = position &* arguments.stride &- arguments.padding
    return (max(start, 0), min(start &+ arguments.kernel, extent))
}

/// Zero, or the addend, as the start of a gradient that windows add to.
func beginGradient(_ target: TensorView, _ addend: TensorView?, _ slot: Int) {
    for pixel in 0..<(target.height &* target.width) {
        let to = target.sample(slot) + pixel &* target.pixelStride
        if let addend {
            let from = addend.sample(slot) + pixel &* addend.pixelStride
            if from != to { copyFloats(padded(target.channels), from: from, to: to) }
        } else {
            zeroFloats(padded(target.channels), at: to)
        }
    }
}

/// Calls `body` with the size of a window, as constants for the usual ones, so that its loops are unrolled.
@inline(__always)
func withSize(
    _ rows: (start: Int, end: Int), _ columns: (start: Int, end: Int), _ body: (_ rows: Int, _ columns: Int) -> Void
) {
    switch (rows.end &- rows.start, columns.end &- columns.start) {
    case (3, 3): body(3, 3)
    case (2, 3): body(2, 3)
    case (3, 2): body(3, 2)
    case (2, 2): body(2, 2)
    case (let height, let width): body(height, width)
    }
}
