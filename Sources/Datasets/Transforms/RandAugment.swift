/// A policy that draws operations from a list of fourteen, all of one strength. (Cubuk et al., "RandAugment: Practical
/// Automated Data Augmentation with a Reduced Search Space", 2020; the numbers are those of torchvision's
/// `RandAugment`.)
package struct RandAugment: Hashable, Sendable {
    /// Operations that an image goes through.
    package var operations: Int
    /// The strength of the operations, in 0..<31.
    package var magnitude: Int

    package init(operations: Int = 2, magnitude: Int = 9) {
        self.operations = operations
        self.magnitude = magnitude
    }

    func operations(_ draws: AugmentationDraws, height: Int, width: Int) -> [ImageOperation] {
        (0..<UInt64(operations)).map { index in
            let kind = OperationKind.allCases[draws.integer(2 * index, below: OperationKind.allCases.count)]
            return kind.operation(
                .randAugment, magnitude: magnitude, isNegative: draws.coin(2 * index + 1), height: height, width: width)
        }
    }
}

/// A policy that draws one operation from the same list, and its strength from a wider range. (Müller and Hutter,
/// "TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation", 2021; the numbers are those of torchvision's
/// `TrivialAugmentWide`.)
enum TrivialAugment {
    static func operation(_ draws: AugmentationDraws, height: Int, width: Int) -> ImageOperation {
        let kind = OperationKind.allCases[draws.integer(0, below: OperationKind.allCases.count)]
        return kind.operation(
            .trivialAugment, magnitude: draws.integer(1, below: OperationKind.magnitudes), isNegative: draws.coin(2),
            height: height, width: width)
    }
}

/// The operations that policies draw from.
enum OperationKind: CaseIterable {
    case identity, shearX, shearY, translateX, translateY, rotate, brightness, color, contrast, sharpness, posterize,
        solarize, autoContrast, equalize

    /// The greatest strengths.
    enum Space {
        case randAugment, trivialAugment
    }

    /// The number of strengths, from none to the greatest.
    static let magnitudes = 31

    /// - Parameters:
    ///   - magnitude: in 0..<magnitudes.
    ///   - isNegative: Whether operations that go both ways go the other way.
    func operation(
        _ space: Space, magnitude: Int, isNegative: Bool, height: Int, width: Int
    ) -> ImageOperation {
        let isWide = space == .trivialAugment
        func signed(_ most: Double) -> Double {
            let value = Self.strength(magnitude, from: 0, to: most)
            return isNegative ? -value : value
        }
        func factor() -> Double { 1 + signed(isWide ? 0.99 : 0.9) }
        // Pixels are cut off towards zero.
        func shift(_ length: Int) -> Int { Int(signed(isWide ? 32 : 150.0 / 331 * Double(length))) }
        switch self {
        case .identity: return .identity
        case .shearX: return .affine(.shearX(signed(isWide ? 0.99 : 0.3)))
        case .shearY: return .affine(.shearY(signed(isWide ? 0.99 : 0.3)))
        case .translateX: return .affine(.translation(x: shift(width)))
        case .translateY: return .affine(.translation(y: shift(height)))
        case .rotate: return .affine(.rotation(degrees: signed(isWide ? 135 : 30), height: height, width: width))
        case .brightness: return .brightness(factor())
        case .color: return .saturation(factor())
        case .contrast: return .contrast(factor())
        case .sharpness: return .sharpness(factor())
        case .posterize:
            let bits = Float(magnitude) / (Float(Self.magnitudes - 1) / (isWide ? 6 : 4))
            return .posterize(bits: 8 - Int(bits.rounded(.toNearestOrEven)))
        case .solarize: return .solarize(threshold: Self.strength(magnitude, from: 255, to: 0))
        case .autoContrast: return .autoContrast
        case .equalize: return .equalize
        }
    }

    /// Returns element `index` of PyTorch's `linspace`, which computes in single precision from the nearer end.
    private static func strength(_ index: Int, from first: Double, to last: Double) -> Double {
        let (first, last) = (Float(first), Float(last))
        let step = (last - first) / Float(magnitudes - 1)
        return Double(
            index < magnitudes / 2 ? first + step * Float(index) : last - step * Float(magnitudes - 1 - index))
    }
}
