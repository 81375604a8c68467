import Tensors

/// A change of an image of bytes, as torchvision makes it of an image of Pillow's, to the byte.
package enum ImageOperation: Equatable, Sendable {
    case identity
    /// Changes the image towards black below 1, away from it above.
    case brightness(Double)
    /// Changes the image towards the mean of its luma below 1, away from it above.
    case contrast(Double)
    /// Changes the image towards its luma below 1, away from it above.
    case saturation(Double)
    /// Changes the image towards a smoothed one below 1, away from it above.
    case sharpness(Double)
    /// Turns the circle of hues by this part of it, in -0.5...0.5.
    case hue(Double)
    /// Keeps this many of the highest bits.
    case posterize(bits: Int)
    /// Inverts bytes from here on.
    case solarize(threshold: Double)
    /// Stretches each channel to all of 0...255.
    case autoContrast
    /// Spreads each channel's bytes evenly.
    case equalize
    case affine(AffineMap)
}

extension Image {
    /// Returns the picture after an operation.
    package func changed(
        by operation: ImageOperation, interpolation: AffineMap.Interpolation = .nearest
    ) -> Image {
        var changer = ImageOperator()
        var bytes = pixels
        var span = bytes.mutableSpan
        changer.apply(
            operation, to: &span, height: height, width: width, channels: 3, interpolation: interpolation)
        return Image(height: height, width: width, pixels: bytes)
    }
}

/// Carries out operations, in memory that is used again.
struct ImageOperator {
    private var memory = ByteMemory()

    /// Changes an image of height x width x channels bytes, with 1 channel or 3.
    ///
    /// - Parameter interpolation: of affine maps.
    mutating func apply(
        _ operation: ImageOperation, to pixels: inout MutableSpan<UInt8>, height: Int, width: Int, channels: Int,
        interpolation: AffineMap.Interpolation
    ) {
        precondition(
            (channels == 1 || channels == 3) && pixels.count == height * width * channels,
            "\(pixels.count) bytes for \(width) x \(height) x \(channels)")
        switch operation {
        case .identity: break
        case .brightness(let factor):
            let blend = Blend(factor)
            pixels.map(channels) { byte, _ in blend(0, byte) }
        case .contrast(let factor):
            let blend = Blend(factor)
            let mean = meanLuma(pixels.span, channels)
            pixels.map(channels) { byte, _ in blend(mean, byte) }
        case .saturation(let factor):
            guard channels == 3 else { return }
            let blend = Blend(factor)
            for place in stride(from: 0, to: pixels.count, by: 3) {
                let grey = luma(pixels[place], pixels[place + 1], pixels[place + 2])
                for channel in place..<place + 3 { pixels[channel] = blend(grey, pixels[channel]) }
            }
        case .sharpness(let factor):
            withCopy(of: &pixels) { original, pixels in
                sharpen(original, height, width, channels, Blend(factor), into: &pixels)
            }
        case .hue(let turn):
            guard channels == 3 else { return }
            turnHue(&pixels, by: UInt8(truncatingIfNeeded: Int(turn * 255)))
        case .posterize(let bits):
            let mask = UInt8(truncatingIfNeeded: ~(1 << (8 - bits) - 1))
            pixels.map(channels) { byte, _ in byte & mask }
        case .solarize(let threshold): pixels.map(channels) { byte, _ in Double(byte) < threshold ? byte : 255 - byte }
        case .autoContrast:
            let tables = (0..<channels).map { stretched(histogram(pixels.span, $0, of: channels)) }
            pixels.map(channels) { tables[$1][Int($0)] }
        case .equalize:
            let tables = (0..<channels).map { evened(histogram(pixels.span, $0, of: channels)) }
            pixels.map(channels) { tables[$1][Int($0)] }
        case .affine(let map):
            withCopy(of: &pixels) { original, pixels in
                map.apply(original, height, width, channels, interpolation, into: &pixels)
            }
        }
    }

    private mutating func withCopy(
        of pixels: inout MutableSpan<UInt8>, _ body: (Span<UInt8>, inout MutableSpan<UInt8>) -> Void
    ) {
        let count = pixels.count
        var copy = memory.take(count)
        var whole = copy.mutableSpan
        var part = whole._mutatingExtracting(first: count)
        part.copy(pixels.span)
        body(part.span, &pixels)
        memory.put(copy)
    }
}

/// A way from one byte to another: the first at 0, the second at 1, beyond them at other factors. Parts are cut off, in
/// single precision.
private struct Blend {
    private let factor: Float

    init(_ factor: Double) { self.factor = Float(factor) }

    @inline(__always)
    func callAsFunction(_ first: UInt8, _ second: UInt8) -> UInt8 {
        let value = Float(first) + factor * Float(Int(second) - Int(first))
        return value <= 0 ? 0 : value >= 255 ? 255 : UInt8(value)
    }
}

extension MutableSpan<UInt8> {
    /// Replaces each byte by a function of it and its channel, which is called once for each possible byte.
    fileprivate mutating func map(_ channels: Int, _ body: (UInt8, Int) -> UInt8) {
        for channel in 0..<channels {
            let table = (0...255).map { body(UInt8($0), channel) }
            for place in stride(from: channel, to: count, by: channels) { self[place] = table[Int(self[place])] }
        }
    }
}

private func meanLuma(_ pixels: Span<UInt8>, _ channels: Int) -> UInt8 {
    var sum = 0
    for place in stride(from: 0, to: pixels.count, by: channels) {
        sum += Int(channels == 1 ? pixels[place] : luma(pixels[place], pixels[place + 1], pixels[place + 2]))
    }
    return UInt8(Double(sum) / Double(max(pixels.count / channels, 1)) + 0.5)
}

// MARK: - Histograms

/// Counts each byte of a channel: 256 counts.
private func histogram(_ pixels: Span<UInt8>, _ channel: Int, of channels: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: 256)
    for place in stride(from: channel, to: pixels.count, by: channels) { counts[Int(pixels[place])] += 1 }
    return counts
}

/// Returns the table that brings the least byte to 0 and the greatest to 255.
private func stretched(_ counts: [Int]) -> [UInt8] {
    guard let low = counts.firstIndex(where: { $0 > 0 }), let high = counts.lastIndex(where: { $0 > 0 }), low < high
    else { return (0...255).map { $0 } }
    let scale = 255 / Double(high - low)
    let offset = -Double(low) * scale
    return (0...255).map { UInt8(min(max(Int(Double($0) * scale + offset), 0), 255)) }
}

/// Returns the table after which bytes are spread evenly.
private func evened(_ counts: [Int]) -> [UInt8] {
    let present = counts.filter { $0 > 0 }
    let step = (present.reduce(0, +) - (present.last ?? 0)) / 255
    guard present.count > 1, step > 0 else { return (0...255).map { $0 } }
    var sum = step / 2
    return counts.map { count in
        defer { sum += count }
        return UInt8(min(sum / step, 255))
    }
}

// MARK: - Neighbours

/// Blends an image with its smoothed form: nine pixels, of which the middle one has the weight five. Pixels at edges
/// are unchanged.
private func sharpen(
    _ original: Span<UInt8>, _ height: Int, _ width: Int, _ channels: Int, _ blend: Blend,
    into target: inout MutableSpan<UInt8>
) {
    guard height >= 3, width >= 3 else { return }
    let length = width * channels
    for row in 1..<height - 1 {
        for place in row * length + channels..<(row + 1) * length - channels {
            var sum = 4 * Int(original[place])
            for line in stride(from: place - length, through: place + length, by: length) {
                sum += Int(original[line - channels]) + Int(original[line]) + Int(original[line + channels])
            }
            // Thirteenths have no halves to round.
            target[place] = blend(UInt8((2 * sum + 13) / 26), original[place])
        }
    }
    for row in 0..<height {
        for place in row * length..<(row + 1) * length {
            let column = place - row * length
            let isEdge = row == 0 || row == height - 1 || column < channels || column >= length - channels
            if isEdge { target[place] = blend(original[place], original[place]) }
        }
    }
}

// MARK: - Hues

/// Adds to each pixel's hue, on a circle of 256 steps. The roundings of the conversions to hue, saturation and value
/// and back are Pillow's, in single precision where Pillow's are.
private func turnHue(_ pixels: inout MutableSpan<UInt8>, by turn: UInt8) {
    for place in stride(from: 0, to: pixels.count, by: 3) {
        let (red, green, blue) = (pixels[place], pixels[place + 1], pixels[place + 2])
        let (high, low) = (max(red, green, blue), min(red, green, blue))
        guard high > low else { continue }
        let range = Float(high - low)
        let (r, g, b) = (Float(high - red) / range, Float(high - green) / range, Float(high - blue) / range)
        var hue: Float
        if red == high {
            hue = b - g
        } else if green == high {
            hue = Float(2 + Double(r) - Double(b))
        } else {
            hue = Float(4 + Double(g) - Double(r))
        }
        let turns = Double(hue) / 6 + 1
        hue = Float(turns - Double(Int(turns)))
        let saturation = UInt8(Double(range / Float(high)) * 255)
        let turned = UInt8(min(Int(Double(hue) * 255), 255)) &+ turn
        let colour = rgb(hue: turned, saturation: saturation, value: high)
        (pixels[place], pixels[place + 1], pixels[place + 2]) = colour
    }
}

private func rgb(hue: UInt8, saturation: UInt8, value: UInt8) -> (UInt8, UInt8, UInt8) {
    guard saturation > 0 else { return (value, value, value) }
    let sixths = Double(hue) * 6 / 255
    let sextant = Int(sixths)
    let part = Float(sixths - Double(Float(sextant)))
    let share = Float(Double(saturation) / 255)
    let v = Double(value)
    // Rounds numbers from 0 to 255; without SSE 4, `rounded()` is a call.
    func byte(_ number: Double) -> UInt8 { UInt8(min(max(number, 0), 255) + 0.5) }
    let p = byte(v * (1 - Double(share)))
    let q = byte(v * (1 - Double(share * part)))
    let t = byte(v * (1 - Double(share) * (1 - Double(part))))
    return switch sextant % 6 {
    case 0: (value, t, p)
    case 1: (q, value, p)
    case 2: (p, value, t)
    case 3: (p, q, value)
    case 4: (t, p, value)
    default: (value, p, q)
    }
}
