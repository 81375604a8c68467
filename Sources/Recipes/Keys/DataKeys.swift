extension RecipeKey {
    /// Keys of the data.
    static let data: [RecipeKey] = [
        RecipeKey(
            "data", \.data, .dataset, in: .data, default: Default.data,
            """
            A folder or file of images, which `cnn-train data inspect` recognises, or `shapes` (drawn on the fly, \
            needs no files), `fashion-mnist`, `fashion-mnist:FOLDER` or `synthetic`.
            """,
            valueName: "path", alsoKnownAs: ["dataset"]),
        RecipeKey(
            "validation_fraction", \.validationFraction,
            .share, in: .data, default: Default.validationFraction,
            "The share of the pictures that is tested on where nothing says which are.", alsoKnownAs: ["val_split"],
            whenResumed: .stays),
        RecipeKey(
            "seed", \.seed, .seed, in: .data, default: Default.seed,
            "Seeds first weights, the order of samples, augmentation and dropout."),
        RecipeKey(
            "shuffle", \.shuffle, .onOff, in: .data, default: Default.shuffle,
            "Whether each epoch has an order of its own."),
        RecipeKey(
            "balanced_sampling", \.balancedSampling, .onOff, in: .data, default: Default.balancedSampling,
            """
            Whether each epoch draws as many samples of every class: rare ones several times, each time augmented \
            anew, of others some. An epoch has as many samples as the data.
            """,
            alsoKnownAs: ["weighted_sampler", "class_balanced"]),
        RecipeKey(
            "augment", \.augmentation, .augmentation, in: .data, default: Default.augmentation,
            """
            What is done to training images: transforms with options, separated by commas, done in this order. \
            `crop=4:zero`: moved by up to 4 pixels, with black around, or `reflect`. `resized-crop=0.08:1`: a part \
            between these shares of the area brought to full size, as torchvision's RandomResizedCrop. `flip=0.5`, or \
            `alternating-flip`: mirrored every other epoch. `color-jitter=0.4:0.4:0.4:0.1`: brightness, contrast, \
            saturation, hue. `randaugment=2:9` (operations, magnitude up to 30) or `trivialaugment`. `erase=0.25`. \
            `crop-flip` is crop and flip, for small images, `resized-crop-flip` for photographs.
            """,
            valueName: "transforms", alsoKnownAs: ["augmentation", "transforms"]),
        RecipeKey(
            "mixup", \.mixup, .positive(atMost: 100).orNone, in: .data,
            """
            Mixes each training image and its label with the next one's, in shares of a Beta distribution of this \
            parameter. With cutmix, a coin decides for each image.
            """,
            valueName: "alpha"),
        RecipeKey(
            "cutmix", \.cutMix, .positive(atMost: 100).orNone, in: .data,
            "Shows a rectangle of the next image, and gives its label the rectangle's share.",
            valueName: "alpha"),
        RecipeKey(
            "interpolation", \.interpolation, .choice(), in: .data, default: Default.interpolation,
            "How images are resized: with antialiasing, as Pillow does it."),
        RecipeKey(
            "normalise", \.normalisation, .choice(), in: .data, default: Default.normalisation,
            """
            What becomes of pixels: `auto` subtracts the mean and divides by the standard deviation of the data; \
            `none` shows them between 0 and 1.
            """,
            alsoKnownAs: ["normalize", "normalization", "mean", "std"], whenResumed: .stays),
        RecipeKey(
            "decode", \.decoding, .choice(), in: .data, default: Default.decoding,
            """
            How JPEG pictures are decoded. `fast` makes them smaller in the decoder where they are resized anyway: \
            less work, and other pixels.
            """),
        RecipeKey(
            "exif_orientation", \.exifOrientation, .onOff, in: .data, default: Default.exifOrientation,
            "Whether pictures are turned as the camera's note says; torchvision does not."),
        RecipeKey(
            "max_image_pixels", \.maxImagePixels, .integer(in: 1...1_000_000_000), in: .data,
            default: Default.maxImagePixels,
            "The most pixels that a picture may have; one with more counts as damaged, by its header."),
        RecipeKey(
            "max_bad_samples", \.maxBadSamples, .integer(in: 0...1_000_000_000), in: .data,
            otherwise: "a thousandth of the samples, at least 10",
            "The most damaged samples that a run leaves out and goes on.",
            alsoKnownAs: ["max_damaged"], whenResumed: .changesFreely),
        RecipeKey(
            "strict", \.isStrict, .boolean, in: .data, default: Default.isStrict,
            "Ends the run at the first damaged sample.", whenResumed: .changesFreely),
        RecipeKey(
            "prefetch_megabytes", \.prefetchMegabytes, .integer(in: 1...1_048_576), in: .data,
            default: Default.prefetchMegabytes,
            "Megabytes of prepared samples that a rank keeps at most, and at least one batch.",
            alsoKnownAs: ["prefetch"], whenResumed: .changesFreely),
        RecipeKey(
            "cache", \.imageCache, .choice(), in: .data, default: Default.imageCache,
            """
            Whether decoded pictures stay in memory after the first epoch: `auto` keeps them where all fit into a \
            quarter of what is free.
            """,
            whenResumed: .changesFreely),
    ]
}
