import Recipes
import Testing

@Suite("The transforms of a recipe")
struct AugmentationTests {
    @Test(
        "the transforms of a recipe read what they write, in full",
        arguments: [
            ("none", "none"), ("crop-flip", "crop-flip"), ("resized-crop-flip", "resized-crop-flip"),
            ("crop,flip", "crop-flip"), ("flip,crop=4", "crop-flip"),
            ("resized-crop=0.08:1,flip=0.5", "resized-crop-flip"),
            ("crop", "crop=4:zero"), ("crop=2:reflect,alternating-flip", "crop=2:reflect,alternating-flip"),
            ("flip=0.25", "flip=0.25"), ("resized-crop=0.25", "resized-crop=0.25:1"),
            ("erase, crop-flip", "crop-flip,erase=0.25"), ("color-jitter=0.4", "color-jitter=0.4:0:0:0"),
            (
                "randaugment,resized-crop,flip,color-jitter=0.4:0.4:0.4:0.1,erase=1",
                "resized-crop-flip,color-jitter=0.4:0.4:0.4:0.1,randaugment=2:9,erase=1"
            ),
            ("randaugment=3", "randaugment=3:9"), ("trivialaugment", "trivialaugment"),
        ])
    func texts(text: String, written: String) throws {
        let augmentation = try #require(Recipe.Augmentation(text))
        #expect(augmentation.description == written)
        #expect(Recipe.Augmentation(written) == augmentation)
    }

    @Test(
        "the transforms of a recipe refuse what they do not know, options out of range or too many, and two of a kind",
        arguments: [
            "", "flop", "flip,", ",flip", "flip,flip", "flip,alternating-flip", "crop,resized-crop", "crop-flip,flip",
            "crop=0", "crop=4:black", "crop=4:zero:1", "crop=", "resized-crop=0", "resized-crop=0.5:0.4", "flip=1.5",
            "flip=nan", "alternating-flip=1", "color-jitter", "color-jitter=0.4:0.4:0.4:0.6", "color-jitter=-1",
            "randaugment=2:31", "randaugment=0", "randaugment,trivialaugment", "trivialaugment=1", "erase=2",
            "none,flip", "Flip",
        ])
    func refused(text: String) {
        #expect(Recipe.Augmentation(text) == nil)
    }
}
