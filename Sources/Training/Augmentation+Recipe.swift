import Datasets
import Recipes

extension Augmentation {
    init(_ asked: Recipe.Augmentation) {
        self =
            switch asked {
            case .none: .none
            case .cropFlip: .cropFlip
            case .resizedCropFlip: .resizedCropFlip
            }
    }
}
