import Tensors

/// The map from each pixel of a changed image to its place in the original: x' = a x + b y + c and y' = d x + e y + f,
/// in pixels from the upper left corner.
package struct AffineMap: Equatable, Sendable {
    var a = 1.0
    var b = 0.0
    var c = 0.0
    var d = 0.0
    var e = 1.0
    var f = 0.0

    package enum Interpolation: String, Sendable {
        case nearest, bilinear, bicubic
    }

    /// Moves rows sideways, by `shift` pixels for each row down.
    package static func shearX(_ shift: Double) -> AffineMap { AffineMap(b: shift) }

    /// Moves columns up and down, by `shift` pixels for each column to the right.
    package static func shearY(_ shift: Double) -> AffineMap { AffineMap(d: shift) }

    /// Moves the image to the right and down.
    package static func translation(x: Int = 0, y: Int = 0) -> AffineMap { AffineMap(c: -Double(x), f: -Double(y)) }

    /// Turns the image about its middle, counterclockwise.
    package static func rotation(degrees: Double, height: Int, width: Int) -> AffineMap {
        let angle = -(degrees < 0 ? degrees + 360 : degrees) * (.pi / 180)
        let (cosine, sine) = (Elementary.cos(angle).roundedTo15Decimals, Elementary.sin(angle).roundedTo15Decimals)
        let (x, y) = (Double(width) / 2, Double(height) / 2)
        return AffineMap(
            a: cosine, b: sine, c: cosine * -x + sine * -y + x, d: -sine, e: cosine, f: -sine * -x + cosine * -y + y)
    }

    /// Writes the changed image, which is black where nothing comes from.
    func apply(
        _ source: Span<UInt8>, _ height: Int, _ width: Int, _ channels: Int, _ interpolation: Interpolation,
        into target: inout MutableSpan<UInt8>
    ) {
        if self == AffineMap() { return target.copy(source) }
        target.update(repeating: 0)
        switch interpolation {
        case .nearest: nearest(source, height, width, channels, into: &target)
        case .bilinear: bilinear(source, height, width, channels, into: &target)
        case .bicubic: bicubic(source, height, width, channels, into: &target)
        }
    }

    /// Takes the nearest pixels, with places in whole numbers of 2^-16 pixels, as Pillow.
    private func nearest(
        _ source: Span<UInt8>, _ height: Int, _ width: Int, _ channels: Int, into target: inout MutableSpan<UInt8>
    ) {
        func fixed(_ number: Double) -> Int { Int((number * 65536 + 0.5).rounded(.down)) }
        let (down, right) = ((fixed(b), fixed(e)), (fixed(a), fixed(d)))
        var (lineX, lineY) = (fixed(c + a * 0.5 + b * 0.5), fixed(f + d * 0.5 + e * 0.5))
        for row in 0..<height {
            var (x, y) = (lineX, lineY)
            for column in 0..<width {
                let (from, line) = (x >> 16, y >> 16)
                if from >= 0, from < width, line >= 0, line < height {
                    for channel in 0..<channels {
                        target[(row * width + column) * channels + channel] =
                            source[(line * width + from) * channels + channel]
                    }
                }
                x += right.0
                y += right.1
            }
            lineX += down.0
            lineY += down.1
        }
    }

    /// Calls `body` for each pixel that comes from inside the image, with the index of its first byte and its place of
    /// origin, measured from the centre of the first pixel.
    private func forEachInside(_ height: Int, _ width: Int, _ channels: Int, _ body: (Int, Double, Double) -> Void) {
        for row in 0..<height {
            for column in 0..<width {
                let (x, y) = (Double(column) + 0.5, Double(row) + 0.5)
                let (from, line) = (a * x + b * y + c, d * x + e * y + f)
                guard from >= 0, from < Double(width), line >= 0, line < Double(height) else { continue }
                body((row * width + column) * channels, from - 0.5, line - 0.5)
            }
        }
    }

    private func bilinear(
        _ source: Span<UInt8>, _ height: Int, _ width: Int, _ channels: Int, into target: inout MutableSpan<UInt8>
    ) {
        forEachInside(height, width, channels) { place, x, y in
            let (left, top) = (floored(x), floored(y))
            let (across, down) = (x - Double(left), y - Double(top))
            let (first, second) = (max(left, 0), min(left + 1, width - 1))
            let (upper, lower) = (max(top, 0) * width, min(top + 1, height - 1) * width)
            for channel in 0..<channels {
                func at(_ pixel: Int) -> Double { Double(source[pixel * channels + channel]) }
                let above = at(upper + first) + (at(upper + second) - at(upper + first)) * across
                let below = at(lower + first) + (at(lower + second) - at(lower + first)) * across
                target[place + channel] = UInt8(above + (below - above) * down)
            }
        }
    }

    private func bicubic(
        _ source: Span<UInt8>, _ height: Int, _ width: Int, _ channels: Int, into target: inout MutableSpan<UInt8>
    ) {
        func cubic(_ v: SIMD4<Double>, _ d: Double) -> Double {
            let p2 = -v[0] + v[2]
            let p3 = 2 * (v[0] - v[1]) + v[2] - v[3]
            let p4 = -v[0] + v[1] - v[2] + v[3]
            return v[1] + d * (p2 + d * (p3 + d * p4))
        }
        forEachInside(height, width, channels) { place, x, y in
            let (left, top) = (floored(x), floored(y))
            let (across, down) = (x - Double(left), y - Double(top))
            for channel in 0..<channels {
                var lines = SIMD4<Double>()
                for line in 0..<4 {
                    var pixels = SIMD4<Double>()
                    for pixel in 0..<4 {
                        let column = min(max(left - 1 + pixel, 0), width - 1)
                        let row = min(max(top - 1 + line, 0), height - 1)
                        pixels[pixel] = Double(source[(row * width + column) * channels + channel])
                    }
                    lines[line] = cubic(pixels, across)
                }
                target[place + channel] = UInt8(min(max(cubic(lines, down), 0), 255))
            }
        }
    }
}

/// Returns the greatest whole number that is not above. (Without SSE 4, `rounded(.down)` is a call.)
@inline(__always)
private func floored(_ number: Double) -> Int {
    let whole = Int(number)
    return Double(whole) > number ? whole - 1 : whole
}

extension Double {
    /// The number rounded as by Python's `round(x, 15)`, with which Pillow makes right angles exact, for numbers of at
    /// most 1.
    fileprivate var roundedTo15Decimals: Double {
        let scaled = self * 1e15
        var whole = scaled.rounded()
        // The product's own rounding counts, near halves.
        let rest = (scaled - whole) + (-scaled).addingProduct(self, 1e15)
        if rest > 0.5 { whole += 1 }
        if rest < -0.5 { whole -= 1 }
        return whole / 1e15
    }
}
