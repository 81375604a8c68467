/// Random changes of brightness, contrast, saturation and hue, in a random order: torchvision's `ColorJitter`.
package struct ColourJitter: Hashable, Sendable {
    /// The range of the factors of brightness, drawn from 1 - brightness, but at least 0, to 1 + brightness; 0 changes
    /// nothing. The next two are the same for contrast and saturation.
    package var brightness: Double
    package var contrast: Double
    package var saturation: Double
    /// Hues are turned by up to this part of their circle either way, in 0...0.5.
    package var hue: Double

    package init(brightness: Double = 0, contrast: Double = 0, saturation: Double = 0, hue: Double = 0) {
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation
        self.hue = hue
    }

    func operations(_ draws: AugmentationDraws) -> [ImageOperation] {
        func factor(_ index: UInt64, _ spread: Double) -> Double {
            draws.uniform(index, max(0, 1 - spread), 1 + spread)
        }
        var all: [ImageOperation?] = [
            brightness > 0 ? .brightness(factor(0, brightness)) : nil,
            contrast > 0 ? .contrast(factor(1, contrast)) : nil,
            saturation > 0 ? .saturation(factor(2, saturation)) : nil,
            hue > 0 ? .hue(draws.uniform(3, -hue, hue)) : nil,
        ]
        // Fisher and Yates, over all four, as torchvision does.
        for last in stride(from: 3, to: 0, by: -1) {
            all.swapAt(last, draws.integer(4 + UInt64(last), below: last + 1))
        }
        return all.compactMap { $0 }
    }
}
