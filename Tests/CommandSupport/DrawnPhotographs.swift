import Foundation
import ImageFaults
import TestRandom

/// Photographs of things, drawn: discs, squares and crosses of any colour, size and place on grounds that are not
/// plain. A function of their number, so that every run of the tests has the same.
package enum DrawnPhotographs {
    package static let classes = ["crosses", "discs", "squares"]

    /// Writes a folder with a folder for each class.
    ///
    /// - Parameter counts: photographs of each class.
    package static func write(_ counts: [Int], to folder: String, side: Int = 48) throws {
        for (label, count) in counts.enumerated() {
            let place = URL(filePath: folder).appending(path: classes[label])
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            for number in 0..<count {
                let picture = png(of: label, number: number, side: side)
                try Data(picture).write(to: place.appending(path: "\(number).png"))
            }
        }
    }

    /// A photograph as a PNG file.
    ///
    /// - Parameter side: around which its sides lie.
    package static func png(of label: Int, number: Int, side: Int = 48) -> [UInt8] {
        var random = SeededRandom(seed: UInt64(label * 1_000_003 + number))
        let (width, height) = (Int.random(in: side...side * 5 / 4, using: &random), side)
        let radius = Double.random(in: 0.2...0.35, using: &random) * Double(side)
        let centre = (
            x: Double.random(in: radius...Double(width) - radius, using: &random),
            y: Double.random(in: radius...Double(height) - radius, using: &random)
        )
        let ground = (0..<3).map { _ in Double.random(in: 0...110, using: &random) }
        let colour = (0..<3).map { _ in Double.random(in: 140...255, using: &random) }
        let slope = Double.random(in: -0.6...0.6, using: &random)
        var pixels: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                let isInside = isThing(label, (Double(x) - centre.x) / radius, (Double(y) - centre.y) / radius)
                for channel in 0..<3 {
                    let light = isInside ? colour[channel] : ground[channel] + slope * Double(x - y)
                    pixels.append(UInt8(max(0, min(255, light + Double.random(in: -12...12, using: &random)))))
                }
            }
        }
        return Pictures.png(pixels, width: width, height: height, channels: 3)
    }

    /// Whether a point, in radii from its middle, belongs to a thing.
    private static func isThing(_ label: Int, _ x: Double, _ y: Double) -> Bool {
        switch label {
        case 0: max(abs(x), abs(y)) < 1 && min(abs(x), abs(y)) < 0.25
        case 1: x * x + y * y < 1
        default: max(abs(x), abs(y)) < 0.85
        }
    }
}
