import Datasets
import Foundation
import ImageFaults

/// A change of a picture as the command line names it: `rotate:9.0:bilinear`.
struct Change {
    private let parts: [String]

    init(_ text: String) { parts = text.split(separator: ":").map(String.init) }

    private func number(_ index: Int) -> Double { index < parts.count ? Double(parts[index]) ?? 0 : 0 }

    /// The changed picture; nil for a change that is not known.
    func apply(to image: Image) -> Image? {
        let filter = ResamplingFilter(rawValue: parts.last ?? "") ?? .bilinear
        switch parts.first {
        case "resize": return image.resized(rows: Int(number(1)), columns: Int(number(2)), filter: filter)
        case "cover": return image.covering(side: Int(number(1)), shorter: Int(number(2)), filter: filter)
        default: break
        }
        let interpolation = AffineMap.Interpolation(rawValue: parts.last ?? "") ?? .nearest
        return operation(image).map { image.changed(by: $0, interpolation: interpolation) }
    }

    private func operation(_ image: Image) -> ImageOperation? {
        switch parts.first {
        case "brightness": .brightness(number(1))
        case "contrast": .contrast(number(1))
        case "saturation": .saturation(number(1))
        case "sharpness": .sharpness(number(1))
        case "hue": .hue(number(1))
        case "posterize": .posterize(bits: Int(number(1)))
        case "solarize": .solarize(threshold: number(1))
        case "autocontrast": .autoContrast
        case "equalize": .equalize
        case "shearx": .affine(.shearX(number(1)))
        case "sheary": .affine(.shearY(number(1)))
        case "translatex": .affine(.translation(x: Int(number(1))))
        case "translatey": .affine(.translation(y: Int(number(1))))
        case "rotate": .affine(.rotation(degrees: number(1), height: image.height, width: image.width))
        default: nil
        }
    }
}

/// Writes each changed picture to standard output, as a portable pixmap.
func printChanged(_ file: String, _ changes: [String]) throws -> Int32 {
    let image = try Image(contentsOf: file)
    for text in changes {
        guard let changed = Change(text).apply(to: image) else { return 64 }
        var output = Data("P6\n\(changed.width) \(changed.height)\n255\n".utf8)
        output.append(contentsOf: changed.pixels)
        FileHandle.standardOutput.write(output)
    }
    return 0
}
