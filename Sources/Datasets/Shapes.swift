import Tensors

/// A dataset of ten kinds of coloured figures, drawn on demand, which needs no files and has any image size.
///
/// Position, size, rotation, the colours of figure and background and their gradients, specks behind the figure and
/// noise all vary. A sample is a pure function of (split, index, imageSize), to the bit on every machine: it uses only
/// exact IEEE 754 arithmetic in a fixed order, and no number from a C library.
package struct Shapes: DrawnDataset {
    package let name = "shapes"
    package let classNames = Figure.allCases.map(\.name)
    package let channels = 3
    package let suggestedImageSize: Int? = 64

    package init() {}

    package func count(of split: Split) -> Int {
        switch split {
        case .train: 10_000
        case .test: 2_000
        }
    }

    /// Returns the label of a sample; all classes are equally frequent.
    package func label(at index: Int, in split: Split) -> Int { index % Figure.allCases.count }

    package func draw(
        _ index: Int, of split: Split, imageSize: Int, into pixels: inout MutableSpan<Float>
    ) throws(DatasetError) {
        precondition(
            pixels.count == imageSize * imageSize * 3, "\(pixels.count) numbers for 3 x \(imageSize) x \(imageSize)")
        let scene = Scene(label: label(at: index, in: split), index: index, split: split)
        scene.draw(imageSize: imageSize, into: &pixels)
    }
}

/// Red, green and blue in 0...1; the fourth lane is idle.
private typealias Colour = SIMD4<Float>

/// The random properties of one sample, except for the noise. Lengths are in units of the image's side.
private struct Scene {
    let figure: Figure
    let isRound: Bool
    let x: Float
    let y: Float
    let radius: Float
    let cosine: Float
    let sine: Float
    let foreground: Gradient
    let background: Gradient
    let specks: InlineArray<2, Speck>
    /// The standard deviation of the noise.
    let noise: Float
    let random: CounterRandom

    /// The first counter for the pixels' noise; those below are for the scene.
    private static let firstPixel: UInt64 = 256

    init(label: Int, index: Int, split: Split) {
        let random = CounterRandom(seed: UInt64(index), stream: split == .train ? "shapes train" : "shapes test")
        var counter: UInt64 = 0
        func next(_ range: ClosedRange<Float>) -> Float {
            defer { counter += 1 }
            return range.lowerBound + random.uniform(counter) * (range.upperBound - range.lowerBound)
        }
        self.random = random
        figure = Figure.allCases[label]
        isRound = next(0...1) < 0.5
        radius = next(0.33...0.45)
        // The figure's circle stays inside the image.
        let room = 0.5 - radius
        x = 0.5 + room * next(-1...1)
        y = 0.5 + room * next(-1...1)
        let angle = Double(next(0...1)) * 2 * .pi
        cosine = Float(Elementary.cos(angle))
        sine = Float(Elementary.sin(angle))

        func colour() -> Colour { Colour(next(0.05...0.95), next(0.05...0.95), next(0.05...0.95), 0) }
        func gradient(_ centre: Colour, _ reach: Float) -> Gradient {
            let turn = Double(next(0...1)) * 2 * .pi
            let step = Colour(next(-reach...reach), next(-reach...reach), next(-reach...reach), 0)
            return Gradient(
                centre: centre, alongX: step * Float(Elementary.cos(turn)), alongY: step * Float(Elementary.sin(turn)))
        }
        let ground = colour()
        // The first of eight colours with enough contrast; 0.6 is a third of the way from black to white.
        var figureColour = colour()
        for _ in 0..<7 where Self.contrast(figureColour, ground) < 0.6 { figureColour = colour() }
        if Self.contrast(figureColour, ground) < 0.6 {
            figureColour = Colour(repeating: ground.sum() < 1.5 ? 0.9 : 0.1)
        }
        background = gradient(ground, 0.25)
        foreground = gradient(figureColour, 0.15)
        specks = InlineArray { _ in
            Speck(x: next(0...1), y: next(0...1), radius: next(0.02...0.05), colour: colour())
        }
        noise = next(0.01...0.05)
    }

    /// Returns the distance between two colours.
    private static func contrast(_ a: Colour, _ b: Colour) -> Float {
        let d = a - b
        return (d * d).sum().squareRoot()
    }

    func draw(imageSize: Int, into pixels: inout MutableSpan<Float>) {
        let scale = Float(imageSize)
        let pixel = 1 / scale
        // One unit of the figure's distance, in pixels.
        let sharpness = radius * scale
        let perRadius = 1 / radius
        let moments = Normalisation.Moments.shapes
        for row in 0..<imageSize {
            let v = (Float(row) + 0.5) * pixel
            for column in 0..<imageSize {
                let u = (Float(column) + 0.5) * pixel
                var colour = background.colour(u, v)
                for index in specks.indices { colour = specks[index].drawn(over: colour, u, v, scale) }

                let (dx, dy) = ((u - x) * perRadius, (v - y) * perRadius)
                let distance = figure.distance(dx * cosine + dy * sine, dy * cosine - dx * sine, isRound: isRound)
                let cover = min(max(0.5 - distance * sharpness, 0), 1)
                colour += (foreground.colour(u, v) - colour) * cover

                let place = row * imageSize + column
                colour += grain(UInt64(place)) * noise
                colour.replace(with: 0, where: colour .< 0)
                colour.replace(with: 1, where: colour .> 1)
                let normal = (colour - moments.mean) * moments.perDeviation
                pixels[3 * place] = normal.x
                pixels[3 * place + 1] = normal.y
                pixels[3 * place + 2] = normal.z
            }
        }
    }

    /// Returns three nearly normal numbers of variance 1, each the sum of three uniform ones of 7 bits.
    @inline(__always)
    private func grain(_ place: UInt64) -> Colour {
        let bits = random.bits(Self.firstPixel + place)
        // The mean of 0...127 is 63.5; three of them have the variance (128^2 - 1) / 4.
        func channel(_ shift: UInt64) -> Float {
            let part = bits >> shift
            return Float(Int32((part & 127) + (part >> 7 & 127) + (part >> 14 & 127))) - 190.5
        }
        return Colour(channel(0), channel(21), channel(42), 0) * 0.015_625_477
    }
}

/// A colour that changes evenly across the image.
private struct Gradient {
    /// The colour in the middle of the image.
    let centre: Colour
    /// The change of colour along a whole side.
    let alongX: Colour
    let alongY: Colour

    @inline(__always)
    func colour(_ u: Float, _ v: Float) -> Colour { centre + alongX * (u - 0.5) + alongY * (v - 0.5) }
}

/// A small disc that is no part of the figure.
private struct Speck {
    let x: Float
    let y: Float
    let radius: Float
    let colour: Colour

    @inline(__always)
    func drawn(over ground: Colour, _ u: Float, _ v: Float, _ scale: Float) -> Colour {
        let (dx, dy) = (u - x, v - y)
        let squared = dx * dx + dy * dy
        let reach = radius + 1 / scale
        guard squared < reach * reach else { return ground }
        let cover = min(max(0.5 - (squared.squareRoot() - radius) * scale, 0), 1)
        return ground + (colour - ground) * cover
    }
}
