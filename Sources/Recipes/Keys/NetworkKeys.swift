extension RecipeKey {
    /// Keys of the network.
    static let network: [RecipeKey] = [
        RecipeKey(
            "model", \.model, .text, in: .network, otherwise: "the resumed run's",
            "The network; `cnn-train models` lists the names.",
            valueName: "name", alsoKnownAs: ["network", "arch"], whenResumed: .stays),
        RecipeKey(
            "model_options", \.modelOptions, .map(of: .text), in: .network, otherwise: "the model's",
            "What the model's paper lets vary, such as `growth_rate=12`. May be repeated.",
            flag: "model-option", valueName: "key=value", alsoKnownAs: ["model_option"], whenResumed: .stays),
        RecipeKey(
            "init_scheme", \.initScheme, .choice(), in: .network, default: Default.initScheme,
            """
            How weights are drawn where no file gives them; `reference` is the way of each model's reference \
            implementation.
            """,
            alsoKnownAs: ["initialization", "initialisation"]),
        RecipeKey(
            "dropout", \.dropout, .number(from: 0, below: 1), in: .network,
            otherwise: "the model's",
            "The rate of all dropout layers; 0 turns them off."),
        RecipeKey(
            "init", \.initFile, .path, in: .network, otherwise: "weights are drawn",
            "A file of weights to begin with: safetensors, plain or in zstd, a .pth of PyTorch, "
                + "or a checkpoint of ours.",
            valueName: "file", alsoKnownAs: ["pretrained", "weights"], whenResumed: .changesFreely),
        RecipeKey(
            "init_skip_mismatched", \.initSkipMismatched, .boolean, in: .network, default: Default.initSkipMismatched,
            """
            Takes over the tensors that fit and lists the others, as for a head with other classes. Without it, one \
            that does not fit is an error.
            """,
            whenResumed: .changesFreely),
        RecipeKey(
            "init_force", \.initForce, .boolean, in: .network, default: Default.initForce,
            "With `init_skip_mismatched`: even where less than half of the network's parameters come from the file.",
            whenResumed: .changesFreely),
        RecipeKey(
            "freeze", \.freeze, .list, in: .network,
            "Parameters whose names begin with this are not updated. May be repeated.",
            valueName: "prefix", alsoKnownAs: ["frozen"]),
        RecipeKey(
            "train_only", \.trainOnly, .list, in: .network, otherwise: "all",
            """
            Parameters whose names do not begin with this are not updated. `head` is the layer that scores the \
            classes, whatever it is called. May be repeated.
            """,
            valueName: "prefix", alsoKnownAs: ["unfreeze", "trainable"]),
        RecipeKey(
            "lr_multipliers", \.rateMultipliers,
            .map(of: .number("a number from 0 to 1000000", in: 0...1_000_000)), in: .network,
            otherwise: "1 for all",
            """
            Multiplies the learning rate of parameters whose names begin with a prefix; the longest counts. May be \
            repeated.
            """,
            flag: "lr-multiplier", valueName: "prefix=x", alsoKnownAs: ["lr_multiplier"]),
        RecipeKey(
            "train_for", \.trainingLengths, .map(of: .span), in: .network, otherwise: "the whole run for all",
            """
            How long parameters are trained whose names begin with a prefix; the longest counts. Their learning rate \
            follows the schedule of a run of that length, and from there on they stay what they are. May be repeated.
            """,
            valueName: "prefix=length"),
        RecipeKey(
            "whitening_images", \.whiteningImages, .integer(in: 1...1_000_000), in: .network,
            default: Default.whiteningImages,
            """
            Training images, spread evenly over all, whose patches give a whitening first layer its weights when a run \
            begins. Only for networks that have one, such as `airbench94`.
            """),
        RecipeKey(
            "image_size", \.imageSize, .integer(in: 1...4096), in: .network,
            otherwise: "the model's; for `shapes` 64 where that is less and the model takes it",
            "Height and width of the network's input in pixels.",
            whenResumed: .stays),
        RecipeKey(
            "train_sizes", \.trainingSizes, .sizes, in: .network, otherwise: "image_size for the whole run",
            """
            Trains on smaller images first, the smallest sizes first and each for so many epochs, and on those of \
            `image_size` from there on. Tests are always on those. May be repeated.
            """,
            flag: "train-size", valueName: "pixels=length",
            alsoKnownAs: ["progressive_resizing", "progressive_size", "image_sizes", "min_res"]),
        RecipeKey(
            "classes", \.classes, .integer(in: 1...1_000_000), in: .network, otherwise: "the dataset's",
            "Outputs of the network.",
            alsoKnownAs: ["num_classes"], whenResumed: .stays),
    ]
}
