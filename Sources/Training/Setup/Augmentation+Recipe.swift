package import Datasets
package import Recipes

extension Augmentation {
    package init(_ asked: Recipe.Augmentation) {
        self.init(
            geometry: Geometry(asked.crop), flip: Flip(asked.flip), jitter: asked.colorJitter.map { ColourJitter($0) },
            policy: asked.policy.map { Policy($0) }, erasing: asked.erase)
    }
}

extension Augmentation.Geometry {
    fileprivate init(_ asked: Recipe.Augmentation.Crop?) {
        self =
            switch asked {
            case nil: .whole
            case .moved(let pixels, let isReflected): .crop(padding: pixels, margin: isReflected ? .reflected : .black)
            case .resized(let least, let most): .resizedCrop(areas: least...most)
            }
    }
}

extension Augmentation.Flip {
    fileprivate init(_ asked: Recipe.Augmentation.Flip?) {
        self =
            switch asked {
            case nil: .never
            case .random(let probability): .random(probability)
            case .alternating: .alternating
            }
    }
}

extension Augmentation.Policy {
    fileprivate init(_ asked: Recipe.Augmentation.Policy) {
        self =
            switch asked {
            case .randAugment(let operations, let magnitude):
                .randAugment(RandAugment(operations: operations, magnitude: magnitude))
            case .trivialAugment: .trivialAugment
            }
    }
}

extension ColourJitter {
    fileprivate init(_ asked: Recipe.Augmentation.ColorJitter) {
        self.init(
            brightness: asked.brightness, contrast: asked.contrast, saturation: asked.saturation, hue: asked.hue)
    }
}

extension Mixing {
    init(_ recipe: Recipe) { self.init(mixup: recipe.mixup, cutMix: recipe.cutMix) }
}

extension ResamplingFilter {
    init(_ asked: Recipe.Interpolation) {
        self =
            switch asked {
            case .bilinear: .bilinear
            case .bicubic: .bicubic
            }
    }
}

extension ImageOptions {
    init(_ recipe: Recipe) {
        self.init(
            filter: ResamplingFilter(recipe.interpolation), shrinksInDecoder: recipe.decoding == .fast,
            turnsUpright: recipe.exifOrientation,
            mostPixels: recipe.maxImagePixels)
    }
}
