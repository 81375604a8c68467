import Tensors

/// One thing that a recipe can say. The table `all` is the only place that describes a key: its name, kind, range,
/// default and meaning. Reading, checking, layering and printing walk it; the help of flags and docs/options.md are
/// made of it.
package struct RecipeKey: Sendable {
    /// The part of the help, and of docs/options.md, that a key stands in.
    package enum Section: String, CaseIterable, Sendable {
        case network = "The network"
        case data = "Data"
        case optimization = "Steps and learning rate"
        case ranks = "Many ranks"
        case machine = "The machine"
        case results = "Results"
        case checkpoints = "Checkpoints"
    }

    /// As YAML spells it: `batch_size`.
    package let name: String
    /// The flag without its two dashes: `batch-size`. It is the name with dashes, except where a flag that is repeated
    /// gives one entry at a time.
    package let flag: String
    /// A word for the flag's value where its name is none: `file`.
    package let valueName: String?
    package let section: Section
    /// What it means, in a sentence or two, for help and documentation.
    package let summary: String
    /// What its value must be: `a whole number from 1 to 1024`.
    package let expected: String
    /// The default: a value as a flag takes it, or words where it depends on something else.
    package let shownDefault: String
    /// Whether a run that is resumed may have another value than it began with.
    package let whenResumed: WhenResumed
    /// Other names that people reach for; never accepted, only understood when guessing what was meant.
    let alsoKnownAs: [String]
    private let field: Field
    /// Takes a value as a file writes it; false when it is of another kind.
    let read: @Sendable (RecipeNode, inout RecipeOverrides) -> Bool
    /// The value, when there is one and it is out of range.
    let invalid: @Sendable (RecipeOverrides) -> String?
    /// Copies the value, if there is one, over what is there.
    let copy: @Sendable (RecipeOverrides, inout RecipeOverrides) -> Void
    /// Gives it its default, if it has one, where it has no value.
    let fill: @Sendable (inout RecipeOverrides) -> Void
    /// The value as a file writes it.
    package let print: @Sendable (RecipeOverrides) -> String?

    /// - Parameter otherwise: words for the default where `value` is nil.
    private init<Value>(
        _ name: String, _ path: any WritableKeyPath<RecipeOverrides, Value?> & Sendable, _ kind: RecipeValueKind<Value>,
        in section: Section, default value: Value? = nil, otherwise: String = "none", _ summary: String,
        flag: String? = nil, valueName: String? = nil, alsoKnownAs: [String] = [],
        whenResumed: WhenResumed = .changesOnRequest
    ) {
        self.name = name
        self.flag = flag ?? String(name.map { $0 == "_" ? "-" : $0 })
        self.valueName = valueName
        self.section = section
        self.summary = summary
        self.whenResumed = whenResumed
        self.expected = kind.expected
        self.shownDefault = value.map { Self.plain(kind.print($0)) } ?? otherwise
        self.alsoKnownAs = alsoKnownAs
        self.field = Field(path: path)
        self.read = { node, values in
            if node.isNull || (kind.isRefusable && node.text?.isRefusal == true) { return true }
            guard let value = kind.read(node) else { return false }
            values[keyPath: path] = value
            return true
        }
        self.invalid = { values in
            guard let value = values[keyPath: path], !kind.accepts(value) else { return nil }
            return kind.print(value)
        }
        self.copy = { source, destination in
            guard let value = source[keyPath: path] else { return }
            destination[keyPath: path] = destination[keyPath: path].map { kind.merge($0, value) } ?? value
        }
        self.fill = { values in
            if values[keyPath: path] == nil { values[keyPath: path] = value }
        }
        self.print = { values in values[keyPath: path].map(kind.print) }
    }

    /// A value as a flag takes it: without a list's brackets and a whole number's point.
    private static func plain(_ text: String) -> String {
        let text = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private typealias Default = Recipe.Default

    /// Every key, in the order in which a recipe is written.
    package static let all: [RecipeKey] = [
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
            "dropout", \.dropout, .number("a number from 0 to below 1") { $0 >= 0 && $0 < 1 }, in: .network,
            otherwise: "the model's",
            "The rate of all dropout layers; 0 turns them off."),
        RecipeKey(
            "init", \.initFile, .path, in: .network, otherwise: "weights are drawn",
            "A file of weights to begin with: safetensors, plain or in zstd, torchvision's or a checkpoint of ours.",
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
            "lr_multipliers", \.rateMultipliers,
            .map(of: .number("a number from 0 to 1000") { (0...1000).contains($0) }), in: .network,
            otherwise: "1 for all",
            """
            Multiplies the learning rate of parameters whose names begin with a prefix; the longest counts. May be \
            repeated.
            """,
            flag: "lr-multiplier", valueName: "prefix=x", alsoKnownAs: ["lr_multiplier"]),
        RecipeKey(
            "data", \.data, .dataset, in: .data, default: Default.data,
            """
            A folder or file of images, which `cnn-train data inspect` recognises, or `shapes` (drawn on the fly, needs \
            no files), `fashion-mnist`, `fashion-mnist:FOLDER` or `synthetic`.
            """,
            valueName: "path", alsoKnownAs: ["dataset"]),
        RecipeKey(
            "validation_fraction", \.validationFraction,
            .number("a number above 0, below 1") { $0 > 0 && $0 < 1 }, in: .data, default: Default.validationFraction,
            "The share of the pictures that is tested on where nothing says which are.", alsoKnownAs: ["val_split"],
            whenResumed: .stays),
        RecipeKey(
            "epochs", \.epochs, .integer(in: 1...1_000_000), in: .optimization, default: Default.epochs,
            "How long the run lasts in passes over the training data. Not together with steps.",
            whenResumed: .changesFreely),
        RecipeKey(
            "steps", \.steps, .integer(in: 1...1_000_000_000), in: .optimization, otherwise: "epochs count",
            "How long the run lasts in optimizer steps. Not together with epochs.",
            alsoKnownAs: ["iterations"], whenResumed: .changesFreely),
        RecipeKey(
            "batch_size", \.batchSize, .integer(in: 1...1_000_000), in: .optimization, default: Default.batchSize,
            "Images of a step, over all ranks together.",
            alsoKnownAs: ["batch"], whenResumed: .stays),
        RecipeKey(
            "lr", \.learningRate, .number("a number above 0") { $0 > 0 }, in: .optimization,
            otherwise: "\(Default.learningRate(batchSize: 256)) × images a step / 256",
            "The learning rate after the warm-up.",
            alsoKnownAs: ["learning_rate"]),
        RecipeKey(
            "momentum", \.momentum, .number("a number from 0 to below 1") { $0 >= 0 && $0 < 1 }, in: .optimization,
            default: Default.momentum,
            "The momentum of SGD."),
        RecipeKey(
            "nesterov", \.nesterov, .boolean, in: .optimization, default: Default.nesterov,
            "Takes the momentum in Nesterov's form."),
        RecipeKey(
            "weight_decay", \.weightDecay, .number("a number of at least 0") { $0 >= 0 }, in: .optimization,
            default: Default.weightDecay,
            "The decay of weights. It is not applied to biases and batch norms."),
        RecipeKey(
            "schedule", \.schedule, .choice(), in: .optimization, default: Default.schedule,
            """
            How the learning rate goes after the warm-up. `cosine` falls to 0 over the run; `step` drops every so \
            many epochs.
            """,
            alsoKnownAs: ["lr_schedule"]),
        RecipeKey(
            "warmup_epochs", \.warmupEpochs, .number("a number from 0 to 10000") { (0...10_000).contains($0) },
            in: .optimization, default: Default.warmupEpochs,
            "Epochs over which the learning rate climbs from 0; 0.5 is half an epoch.",
            alsoKnownAs: ["warmup"]),
        RecipeKey(
            "step_epochs", \.stepEpochs, .integer(in: 1...1_000_000), in: .optimization, default: Default.stepEpochs,
            "Epochs between two drops of `--schedule step`."),
        RecipeKey(
            "step_factor", \.stepFactor, .number("a number above 0, at most 1") { $0 > 0 && $0 <= 1 },
            in: .optimization, default: Default.stepFactor,
            "What each drop of `--schedule step` multiplies the learning rate with.",
            alsoKnownAs: ["gamma", "step_gamma"]),
        RecipeKey(
            "average_weights", \.averageWeights, .number("a number from 0 to below 1") { $0 >= 0 && $0 < 1 }.orNone,
            in: .optimization, otherwise: "no averages",
            """
            Also keeps averages of all parameters and buffers, which keep this share of themselves at each step, \
            such as 0.999. They are evaluated (`averaged_evaluation` in the metrics) and saved beside the network.
            """,
            alsoKnownAs: ["ema", "ema_decay"]),
        RecipeKey(
            "image_size", \.imageSize, .integer(in: 1...4096), in: .network,
            otherwise: "the model's; for `shapes` 64 where that is less and the model takes it",
            "Height and width of the network's input in pixels.",
            whenResumed: .stays),
        RecipeKey(
            "classes", \.classes, .integer(in: 1...1_000_000), in: .network, otherwise: "the dataset's",
            "Outputs of the network.",
            alsoKnownAs: ["num_classes"], whenResumed: .stays),
        RecipeKey(
            "threads", \.threads, .integer(in: 1...1024), in: .machine,
            otherwise: "cores that the program may use / ranks on this machine",
            "Compute threads of each rank.",
            alsoKnownAs: ["num_threads"], whenResumed: .changesFreely),
        RecipeKey(
            "isa", \.instructionSet, .choice(), in: .machine, default: Default.instructionSet,
            """
            What computes: kernels for an instruction set of the CPU, or OpenBLAS. `auto` is the widest that the CPU \
            has.
            """,
            alsoKnownAs: ["instruction_set", "backend"]),
        RecipeKey(
            "convolution", \.convolution, .choice(), in: .machine, default: Default.convolution,
            """
            How 3x3 convolutions are computed. `winograd` (F(m x m, 3 x 3)) has less than half the products at \
            stride 1 and seven tenths at stride 2; `direct` sums over the taps.
            """),
        RecipeKey(
            "seed", \.seed, .seed, in: .data, default: Default.seed,
            "Seeds first weights, the order of samples, augmentation and dropout."),
        RecipeKey(
            "output", \.output, .path, in: .results, otherwise: "`runs/MODEL-DATA`, with a number where that is taken",
            "The run's folder. One run at a time writes into it.",
            valueName: "folder", alsoKnownAs: ["output_dir"], whenResumed: .changesFreely),
        RecipeKey(
            "resume", \.resume, .resume, in: .checkpoints, default: Default.resume,
            """
            Goes on from a checkpoint. `auto`, which a bare `--resume` means: from the newest that holds in the \
            output folder, anew if there is none; or from a file, or the newest of a folder.
            """,
            valueName: "auto|file|folder", whenResumed: .changesFreely),
        RecipeKey(
            "shuffle", \.shuffle, .onOff, in: .data, default: Default.shuffle,
            "Whether each epoch has an order of its own."),
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
            "mixup", \.mixup, .number("a number above 0, at most 100") { $0 > 0 && $0 <= 100 }.orNone, in: .data,
            """
            Mixes each training image and its label with the next one's, in shares of a Beta distribution of this \
            parameter. With cutmix, a coin decides for each image.
            """,
            valueName: "alpha"),
        RecipeKey(
            "cutmix", \.cutMix, .number("a number above 0, at most 100") { $0 > 0 && $0 <= 100 }.orNone, in: .data,
            "Shows a rectangle of the next image, and gives its label the rectangle's share.",
            valueName: "alpha"),
        RecipeKey(
            "interpolation", \.interpolation, .choice(), in: .data, default: Default.interpolation,
            "How images are resized: with antialiasing, as Pillow does it."),
        RecipeKey(
            "decode", \.decoding, .choice(), in: .data, default: Default.decoding,
            """
            How JPEG pictures are decoded. `fast` makes them smaller in the decoder where they are resized anyway: less \
            work, and other pixels.
            """),
        RecipeKey(
            "exif_orientation", \.exifOrientation, .onOff, in: .data, default: Default.exifOrientation,
            "Whether pictures are turned as the camera's note says; torchvision does not."),
        RecipeKey(
            "max_image_pixels", \.maxImagePixels, .integer(in: 1...1_000_000_000), in: .data,
            default: Default.maxImagePixels,
            "The most pixels that a picture may have; one with more counts as damaged, by its header."),
        RecipeKey(
            "log_every", \.logEvery, .integer(in: 1...1_000_000_000), in: .results, default: Default.logEvery,
            "Steps between two lines of the log.",
            whenResumed: .changesFreely),
        RecipeKey(
            "batch_norm", \.batchNorm, .choice(), in: .ranks, default: Default.batchNorm,
            """
            The samples whose mean and variance batch norm takes. `sync`: the global batch. `average`: each rank's \
            own, running statistics averaged before evaluations and checkpoints. `local`: each rank's own, running \
            statistics of rank 0.
            """,
            alsoKnownAs: ["sync_bn"]),
        RecipeKey(
            "allreduce", \.allReduce, .choice(), in: .ranks, default: Default.allReduce,
            "Whose algorithm sums over ranks: `tree`, which gives the same bits on 1, 2, 4 and 8 ranks, or MPI's own."),
        RecipeKey(
            "gradient_dtype", \.gradientType, .choice(), in: .ranks, default: Default.gradientType,
            "The number format of gradients on their way between ranks.",
            alsoKnownAs: ["gradient_compression"]),
        RecipeKey(
            "bucket_megabytes", \.bucketMegabytes, .integer(in: 1...1024), in: .ranks, default: Default.bucketMegabytes,
            "Megabytes of gradients that are summed over ranks at once, while the backward pass goes on.",
            alsoKnownAs: ["bucket_cap_mb"], whenResumed: .changesFreely),
        RecipeKey(
            "collective_timeout", \.collectiveTimeout,
            .number("a number of seconds from 1 to 1000000") { (1...1_000_000).contains($0) }, in: .ranks,
            default: Default.collectiveTimeout,
            """
            Seconds that ranks wait for each other before the run ends; until the first step is done, four times as \
            many.
            """,
            alsoKnownAs: ["timeout"], whenResumed: .changesFreely),
        RecipeKey(
            "replica_check_every", \.replicaCheckEvery, .integer(in: 0...1_000_000_000), in: .ranks,
            default: Default.replicaCheckEvery,
            """
            Steps between two comparisons of the ranks' parameters, which are compared before each checkpoint \
            anyway; 0: only then.
            """,
            whenResumed: .changesFreely),
        RecipeKey(
            "accumulate", \.accumulate, .integer(in: 1...1024), in: .optimization, default: Default.accumulate,
            """
            Passes of `--batch-size` images that make one step, in the memory of one pass. Without batch norm the \
            bits are those of a batch so many times as large, where passes x ranks is a power of two up to the \
            virtual shards.
            """,
            alsoKnownAs: ["gradient_accumulation_steps", "accumulation"], whenResumed: .stays),
        RecipeKey(
            "virtual_shards", \.virtualShards, .powerOfTwo(upTo: 1024), in: .ranks, default: Default.virtualShards,
            """
            Parts that the batch is cut into whatever the number of ranks. Sums follow a tree over them, so that \
            results depend on it.
            """,
            alsoKnownAs: ["shards"]),
        RecipeKey(
            "loss_precision", \.lossPrecision, .choice(), in: .results, default: Default.lossPrecision,
            "How the log writes losses: `rounded` to four decimals, or `full`, every digit.",
            whenResumed: .changesFreely),
        RecipeKey(
            "override", \.overriddenKeys, .list, in: .checkpoints,
            "Lets a resumed run have another value of this key from here on. May be repeated.",
            valueName: "key", whenResumed: .changesFreely),
        RecipeKey(
            "checkpoint_every", \.checkpointEvery, .intervals, in: .checkpoints, default: Default.checkpointEvery,
            "When checkpoints are due. May be repeated, and each counts; one more is written at the end.",
            valueName: "500steps|10min|2h|1epoch", alsoKnownAs: ["save_every"], whenResumed: .changesFreely),
        RecipeKey(
            "keep_last", \.keepLast, .integer(in: 1...1_000_000), in: .checkpoints, default: Default.keepLast,
            "The newest checkpoints that stay.",
            alsoKnownAs: ["keep"], whenResumed: .changesFreely),
        RecipeKey(
            "keep_best", \.keepBest, .integer(in: 0...1_000_000), in: .checkpoints, default: Default.keepBest,
            "The best checkpoints that stay, by accuracy on the test split.",
            whenResumed: .changesFreely),
        RecipeKey(
            "keep_every", \.keepEvery, .epochs.orNone, in: .checkpoints,
            "The first checkpoint of each so many epochs stays for ever.",
            valueName: "10epochs", whenResumed: .changesFreely),
        RecipeKey(
            "checkpoint_level", \.checkpointLevel, .integer(in: -7...19), in: .checkpoints,
            default: Default.checkpointLevel,
            "zstd's level for checkpoints: -7 is the fastest, 19 the smallest.",
            whenResumed: .changesFreely),
        RecipeKey(
            "checkpoint_busy", \.checkpointBusy, .choice(), in: .checkpoints, default: Default.checkpointBusy,
            """
            What happens to a checkpoint that is due while one is being written: training waits for it, or it is \
            skipped.
            """,
            whenResumed: .changesFreely),
        RecipeKey(
            "on_nan", \.onNonFinite, .choice(), in: .results, default: Default.onNonFinite,
            """
            What a loss or gradient that is not finite does. `stop` ends the run, `skip` leaves the step out, \
            `rewind` goes back to the newest checkpoint and on behind the step.
            """,
            whenResumed: .changesFreely),
    ]

    /// The key that sets a field; nil where the table has no row for it.
    package static func of<Value>(_ path: any KeyPath<RecipeOverrides, Value?> & Sendable) -> RecipeKey? {
        places[Field(path: path)].map { all[$0] }
    }

    /// The row of each field.
    private static let places = Dictionary(
        all.enumerated().map { ($1.field, $0) }, uniquingKeysWith: { first, _ in first })

    /// A field of the values, whatever its type.
    private struct Field: Hashable, Sendable {
        let path: any AnyKeyPath & Sendable

        static func == (left: Field, right: Field) -> Bool { (left.path as AnyKeyPath) == (right.path as AnyKeyPath) }
        func hash(into hasher: inout Hasher) { (path as AnyKeyPath).hash(into: &hasher) }
    }

    /// The names of all, for messages.
    static var names: String { all.map(\.name).joined(separator: ", ") }

    /// The key that someone who wrote `name` most likely meant.
    static func nearest(to name: String) -> String? {
        let spelled = String(name.lowercased().map { $0 == "-" || $0 == " " ? "_" : $0 })
        let names = all.flatMap { key in ([key.name] + key.alsoKnownAs).map { (spelling: $0, name: key.name) } }
        let guess = Spelling.nearest(to: spelled, among: names.map(\.spelling))
        return names.first { $0.spelling == guess }?.name
    }
}
