import CMachine
import KernelInterface

/// Returns a vector of a pixel's channels. Prefetches the same channels of a pixel some further on: maps come from
/// memory twice as fast where several of them, or several parts of their pixels, are read at a time.
@inline(__always)
func streamed(_ memory: UnsafePointer<Float>, pixelStride: Int) -> Vector {
    prefetch(memory, pixelStride: pixelStride)
    return vector(memory)
}

@inline(__always)
func streamed(_ memory: UnsafeMutablePointer<Float>, pixelStride: Int) -> Vector {
    streamed(UnsafePointer(memory), pixelStride: pixelStride)
}

/// Prefetches the channels some pixels on; the address need not be memory of ours.
@inline(__always)
func prefetch(_ memory: UnsafePointer<Float>, pixelStride: Int) { machine_prefetch(memory + 8 &* pixelStride) }

@inline(__always)
func copyFloats(_ count: Int, from source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>) {
    var i = 0
    while i &+ lanes <= count {
        put(vector(source + i), destination + i)
        i &+= lanes
    }
    while i < count {
        destination[i] = source[i]
        i &+= 1
    }
}

/// Copies `count` floats as whole vectors, which also overwrites the floats after them in the destination.
@inline(__always)
func copyVectors(_ count: Int, from source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>) {
    var i = 0
    while i < count {
        put(vector(source + i), destination + i)
        i &+= lanes
    }
}

/// destination += source, `count` floats, a multiple of 16.
@inline(__always)
func addFloats(_ count: Int, from source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>) {
    var i = 0
    while i < count {
        put(vector(destination + i) + vector(source + i), destination + i)
        i &+= lanes
    }
}

@inline(__always)
func zeroFloats(_ count: Int, at destination: UnsafeMutablePointer<Float>) {
    let zero = Vector(repeating: 0)
    var i = 0
    while i &+ lanes <= count {
        put(zero, destination + i)
        i &+= lanes
    }
    while i < count {
        destination[i] = 0
        i &+= 1
    }
}

/// Copies the channels of one pixel, normalised where the window asks for it, and prefetches those of a later one.
/// Floats after them in the target, up to the next whole vector, are overwritten; they are written later or unused.
@inline(__always)
func copyPixel(
    _ channels: Int, from source: UnsafePointer<Float>, pixelStride: Int, _ window: SourceWindow,
    to target: UnsafeMutablePointer<Float>
) {
    var lane = 0
    while lane < channels {
        prefetch(source + lane, pixelStride: pixelStride)
        lane &+= 16
    }
    if case .normalization(let normalization) = window.prologue {
        normalization.copy(channels, from: source, to: target)
    } else if pixelStride > channels {
        copyVectors(channels, from: source, to: target)
    } else {
        copyFloats(channels, from: source, to: target)
    }
}

/// Makes the copies that `RowAxis.map` reads: [column of the kernel][remainder of rows][row][output column][channels].
func copyColumns(_ view: TensorView, slot: Int, window: SourceWindow, to scratch: UnsafeMutablePointer<Float>) {
    var target = scratch
    for s in 0..<window.columnCopies {
        for remainder in 0..<window.rowRemainders {
            for r in 0..<window.rowSpan {
                let row = r &* window.step &+ remainder &- window.padTop
                for q in 0..<window.width {
                    let column = q &* window.step &+ s &- window.padLeft
                    if row < 0 || row >= view.height || column < 0 || column >= view.width {
                        zeroFloats(view.channels, at: target)
                    } else {
                        copyPixel(
                            view.channels, from: UnsafePointer(view.pixel(slot, row, column)),
                            pixelStride: view.pixelStride, window, to: target)
                    }
                    target += window.pixelStride
                }
            }
        }
    }
}

/// Copies `count` pixels of the samples from `slot` on; `first` counts from that one's first.
func copyPixels(
    _ view: TensorView, slot: Int, first: Int, count: Int, window: SourceWindow,
    to scratch: UnsafeMutablePointer<Float>
) {
    var target = scratch
    var pixel = first
    while pixel < first &+ count {
        let sample = pixel / (view.height &* view.width)
        let row = pixel / view.width &- sample &* view.height
        let column = pixel % view.width
        let end = min(pixel &+ view.width &- column, first &+ count)
        var source = UnsafePointer(view.pixel(slot &+ sample, row, column))
        if case .normGradient(let norm) = window.prologue {
            norm.copy(
                view.channels, pixels: end &- pixel, from: source, dyStride: view.pixelStride,
                x: UnsafePointer(norm.input.pixel(slot &+ sample, row, column)), to: target,
                pixelStride: window.pixelStride)
            target += (end &- pixel) &* window.pixelStride
            pixel = end
        }
        while pixel < end {
            copyPixel(view.channels, from: source, pixelStride: view.pixelStride, window, to: target)
            source += view.pixelStride
            target += window.pixelStride
            pixel &+= 1
        }
    }
}

/// Copies `rows` rows of a sample, from `firstRow` on, with zeros where the window is outside the map.
func copyWindow(
    _ view: TensorView, slot: Int, firstRow: Int, rows: Int, window: SourceWindow,
    to scratch: UnsafeMutablePointer<Float>
) {
    let channels = view.channels
    let rowLength = window.width &* window.pixelStride
    let left = window.padLeft &* window.pixelStride
    let pixels = view.width < window.width &- window.padLeft ? view.width : window.width &- window.padLeft
    let right = rowLength &- left &- pixels &* window.pixelStride
    for r in 0..<rows {
        var target = scratch + r &* rowLength
        let row = firstRow &+ r
        if row < 0 || row >= view.height {
            zeroFloats(rowLength, at: target)
            continue
        }
        zeroFloats(left, at: target)
        target += left
        var source = UnsafePointer(view.pixel(slot, row, 0))
        if window.prologue == nil && view.pixelStride == channels && window.pixelStride == channels {
            copyFloats(pixels &* channels, from: source, to: target)
            target += pixels &* channels
        } else if window.prologue == nil && channels <= smallGranule && view.pixelStride > channels {
            for _ in 0..<pixels {
                copyPaddedTo8(from: source, to: target)
                source += view.pixelStride
                target += window.pixelStride
            }
        } else {
            for _ in 0..<pixels {
                copyPixel(channels, from: source, pixelStride: view.pixelStride, window, to: target)
                source += view.pixelStride
                target += window.pixelStride
            }
        }
        zeroFloats(right, at: target)
    }
}
