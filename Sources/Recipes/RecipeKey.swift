import Tensors

/// One thing that a recipe can say. The table `all` is the only place that knows a key's name, kind, range and meaning:
/// reading, checking, layering and printing all walk it.
package struct RecipeKey: Sendable {
    /// As YAML spells it; the flag is the same with `--` and dashes.
    package let name: String
    /// What it means, for help and documentation.
    package let summary: String
    /// What its value must be: `a whole number from 1 to 1024`.
    package let expected: String
    /// Whether a run that is resumed may have another value than it began with.
    package let whenResumed: WhenResumed
    /// Other names that people reach for; never accepted, only understood when guessing what was meant.
    let alsoKnownAs: [String]
    /// Takes a value as a file writes it; false when it is of another kind.
    let read: @Sendable (RecipeNode, inout RecipeOverrides) -> Bool
    /// The value, when there is one and it is out of range.
    let invalid: @Sendable (RecipeOverrides) -> String?
    /// Copies the value, if there is one, over what is there.
    let copy: @Sendable (RecipeOverrides, inout RecipeOverrides) -> Void
    /// The value as a file writes it.
    let print: @Sendable (RecipeOverrides) -> String?

    private init<Value>(
        _ name: String, _ path: any WritableKeyPath<RecipeOverrides, Value?> & Sendable, _ kind: RecipeValueKind<Value>,
        _ summary: String, alsoKnownAs: [String] = [], whenResumed: WhenResumed = .changesOnRequest
    ) {
        self.name = name
        self.summary = summary
        self.whenResumed = whenResumed
        self.expected = kind.expected
        self.alsoKnownAs = alsoKnownAs
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
        self.print = { values in values[keyPath: path].map(kind.print) }
    }

    /// Every key, in the order in which a recipe is written.
    package static let all: [RecipeKey] = [
        RecipeKey(
            "model", \.model, .text, "the network: a name of the zoo", alsoKnownAs: ["network", "arch"],
            whenResumed: .stays),
        RecipeKey(
            "model_options", \.modelOptions, .map(of: .text), "what the paper lets vary: {growth_rate: 12}",
            alsoKnownAs: ["model_option"], whenResumed: .stays),
        RecipeKey(
            "init_scheme", \.initScheme, .choice(), "how weights begin where no file gives them",
            alsoKnownAs: ["initialization", "initialisation"]),
        RecipeKey("dropout", \.dropout, .number("a number from 0 to below 1") { $0 >= 0 && $0 < 1 }, "of all layers"),
        RecipeKey(
            "init", \.initFile, .path, "a safetensors file of weights to begin with",
            alsoKnownAs: ["pretrained", "weights"], whenResumed: .changesFreely),
        RecipeKey(
            "init_skip_mismatched", \.initSkipMismatched, .boolean,
            "begin with those tensors of init that fit, and with drawn weights elsewhere", whenResumed: .changesFreely),
        RecipeKey(
            "freeze", \.freeze, .list, "parameters whose names begin so are not updated", alsoKnownAs: ["frozen"]),
        RecipeKey(
            "lr_multipliers", \.rateMultipliers,
            .map(of: .number("a number from 0 to 1000") { (0...1000).contains($0) }),
            "what the learning rate is multiplied with where names begin so: {features: 0.1}",
            alsoKnownAs: ["lr_multiplier"]),
        RecipeKey("data", \.data, .dataset, "the dataset, or dataset:FOLDER", alsoKnownAs: ["dataset"]),
        RecipeKey(
            "epochs", \.epochs, .integer(in: 1...1_000_000), "passes over the training set; not with steps",
            whenResumed: .changesFreely),
        RecipeKey(
            "steps", \.steps, .integer(in: 1...1_000_000_000), "optimizer steps; not with epochs",
            alsoKnownAs: ["iterations"], whenResumed: .changesFreely),
        RecipeKey(
            "batch_size", \.batchSize, .integer(in: 1...1_000_000), "samples of a step over all ranks",
            alsoKnownAs: ["batch"], whenResumed: .stays),
        RecipeKey(
            "lr", \.learningRate, .number("a number above 0") { $0 > 0 }, "learning rate after the warm-up",
            alsoKnownAs: ["learning_rate"]),
        RecipeKey(
            "momentum", \.momentum, .number("a number from 0 to below 1") { $0 >= 0 && $0 < 1 }, "momentum of SGD"),
        RecipeKey("nesterov", \.nesterov, .boolean, "Nesterov's form of the momentum"),
        RecipeKey(
            "weight_decay", \.weightDecay, .number("a number of at least 0") { $0 >= 0 },
            "decay of weights; biases and norms are spared"),
        RecipeKey(
            "schedule", \.schedule, .choice(), "how the learning rate goes after the warm-up",
            alsoKnownAs: ["lr_schedule"]),
        RecipeKey(
            "warmup_epochs", \.warmupEpochs, .number("a number from 0 to 10000") { (0...10_000).contains($0) },
            "epochs over which the learning rate climbs to lr; 0.5 is half an epoch", alsoKnownAs: ["warmup"]),
        RecipeKey("step_epochs", \.stepEpochs, .integer(in: 1...1_000_000), "schedule step: epochs between two drops"),
        RecipeKey(
            "step_factor", \.stepFactor, .number("a number above 0, at most 1") { $0 > 0 && $0 <= 1 },
            "schedule step: what a drop multiplies with", alsoKnownAs: ["gamma", "step_gamma"]),
        RecipeKey(
            "average_weights", \.averageWeights, .number("a number from 0 to below 1") { $0 >= 0 && $0 < 1 }.orNone,
            "keep averages of parameters over time, which keep this share of themselves at each step",
            alsoKnownAs: ["ema", "ema_decay"]),
        RecipeKey(
            "image_size", \.imageSize, .integer(in: 1...4096),
            "height and width of the input; else the model's, or fewer where the data need no more", whenResumed: .stays
        ),
        RecipeKey(
            "classes", \.classes, .integer(in: 1...1_000_000), "outputs of the network; else the dataset's",
            alsoKnownAs: ["num_classes"], whenResumed: .stays),
        RecipeKey(
            "threads", \.threads, .integer(in: 1...1024), "compute threads of each rank; else a fair share",
            alsoKnownAs: ["num_threads"], whenResumed: .changesFreely),
        RecipeKey(
            "isa", \.instructionSet, .choice(), "what computes", alsoKnownAs: ["instruction_set", "backend"]),
        RecipeKey(
            "convolution", \.convolution, .choice(),
            "winograd: kernels of 3x3 by minimal filtering, with less than half the products; direct: sums over taps"),
        RecipeKey("seed", \.seed, .seed, "seeds weights, sample order, augmentation and dropout"),
        RecipeKey(
            "output", \.output, .path, "the folder for results", alsoKnownAs: ["output_dir"],
            whenResumed: .changesFreely),
        RecipeKey(
            "resume", \.resume, .resume, "where to go on: auto, a checkpoint's file, or a folder",
            whenResumed: .changesFreely),
        RecipeKey("shuffle", \.shuffle, .onOff, "whether each epoch has an order of its own"),
        RecipeKey(
            "augment", \.augmentation, .choice(), "what is done to training images", alsoKnownAs: ["augmentation"]),
        RecipeKey(
            "log_every", \.logEvery, .integer(in: 1...1_000_000_000), "steps between two reports",
            whenResumed: .changesFreely),
        RecipeKey(
            "batch_norm", \.batchNorm, .choice(),
            "sync: moments of the global batch; average, local: of each rank's part", alsoKnownAs: ["sync_bn"]),
        RecipeKey("allreduce", \.allReduce, .choice(), "tree: our sum over ranks; mpi: MPI's"),
        RecipeKey(
            "gradient_dtype", \.gradientType, .choice(), "what stands for gradients between ranks",
            alsoKnownAs: ["gradient_compression"]),
        RecipeKey(
            "bucket_megabytes", \.bucketMegabytes, .integer(in: 1...1024), "gradients that are summed at once",
            alsoKnownAs: ["bucket_cap_mb"], whenResumed: .changesFreely),
        RecipeKey(
            "collective_timeout", \.collectiveTimeout,
            .number("a number of seconds from 1 to 1000000") { (1...1_000_000).contains($0) },
            "seconds that ranks wait for each other before the run ends", alsoKnownAs: ["timeout"],
            whenResumed: .changesFreely),
        RecipeKey(
            "replica_check_every", \.replicaCheckEvery, .integer(in: 0...1_000_000_000),
            "steps between two comparisons of the ranks' parameters; 0: at checkpoints only",
            whenResumed: .changesFreely),
        RecipeKey(
            "accumulate", \.accumulate, .integer(in: 1...1024), "passes of batch_size samples that make one step",
            alsoKnownAs: ["gradient_accumulation_steps", "accumulation"], whenResumed: .stays),
        RecipeKey(
            "virtual_shards", \.virtualShards, .powerOfTwo(upTo: 1024),
            "parts of the global batch whatever the number of ranks; sums follow a tree over them",
            alsoKnownAs: ["shards"]),
        RecipeKey(
            "loss_precision", \.lossPrecision, .choice(),
            "rounded: the log has four decimals; full: all that a number has", whenResumed: .changesFreely),
        RecipeKey(
            "override", \.overriddenKeys, .list, "keys that a resumed run shall have new values of",
            whenResumed: .changesFreely),
        RecipeKey(
            "checkpoint_every", \.checkpointEvery, .intervals, "when checkpoints are due: 500steps, 10min, 1epoch",
            alsoKnownAs: ["save_every"], whenResumed: .changesFreely),
        RecipeKey(
            "keep_last", \.keepLast, .integer(in: 1...1_000_000), "the newest checkpoints that stay",
            alsoKnownAs: ["keep"], whenResumed: .changesFreely),
        RecipeKey(
            "keep_best", \.keepBest, .integer(in: 0...1_000_000), "the best checkpoints that stay, by test accuracy",
            whenResumed: .changesFreely),
        RecipeKey(
            "keep_every", \.keepEvery, .epochs.orNone, "the first checkpoint of each so many epochs stays for ever",
            whenResumed: .changesFreely),
        RecipeKey(
            "checkpoint_level", \.checkpointLevel, .integer(in: -7...19), "zstd's level: -7 is fastest, 19 smallest",
            whenResumed: .changesFreely),
        RecipeKey(
            "checkpoint_busy", \.checkpointBusy, .choice(),
            "a checkpoint due while one is being written: wait, or skip it", whenResumed: .changesFreely),
        RecipeKey(
            "on_nan", \.onNonFinite, .choice(), "what a loss or gradient that is not finite does to the run",
            whenResumed: .changesFreely),
    ]

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
