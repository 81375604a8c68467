package import Networks

/// What one source, a YAML file or the command line, says about a run; nil where it is silent.
package struct RecipeOverrides: Equatable, Sendable {
    package var model: String?
    package var modelOptions: [String: String]?
    package var initScheme: InitialScheme?
    package var dropout: Double?
    package var averageWeights: Double?
    package var labelSmoothing: Double?
    package var initFile: String?
    package var initSkipMismatched: Bool?
    package var initForce: Bool?
    package var freeze: [String]?
    package var rateMultipliers: [String: Double]?
    package var shuffle: Bool?
    package var augmentation: Recipe.Augmentation?
    package var mixup: Double?
    package var cutMix: Double?
    package var interpolation: Recipe.Interpolation?
    package var decoding: Recipe.Decoding?
    package var exifOrientation: Bool?
    package var maxImagePixels: Int?
    package var maxBadSamples: Int?
    package var isStrict: Bool?
    package var prefetchMegabytes: Int?
    package var imageCache: Recipe.ImageCache?
    package var data: String?
    package var validationFraction: Double?
    package var epochs: Int?
    package var steps: Int?
    package var batchSize: Int?
    package var learningRate: Double?
    package var momentum: Double?
    package var nesterov: Bool?
    package var weightDecay: Double?
    package var schedule: Recipe.Schedule.Name?
    /// The images of a step that `learningRate` is meant for.
    package var learningRateBatch: Int?
    package var warmupEpochs: Double?
    package var warmupSteps: Int?
    /// Epochs between two drops of the schedules step and exponential.
    package var stepEpochs: Int?
    /// The same, in epochs or steps.
    package var stepEvery: Recipe.Interval?
    /// The factor of each drop.
    package var stepFactor: Double?
    package var milestones: [Recipe.Interval]?
    /// The exponent of the polynomial schedule.
    package var power: Double?
    /// The learning rate at the end of the run.
    package var finalLearningRate: Double?
    package var restartEvery: Recipe.Interval?
    package var restartGrowth: Int?
    package var imageSize: Int?
    package var classes: Int?
    package var threads: Int?
    package var instructionSet: Recipe.InstructionSet?
    package var convolution: Recipe.Convolution?
    package var seed: UInt64?
    package var output: String?
    package var resume: Recipe.Resume?
    package var overriddenKeys: [String]?
    package var checkpointEvery: [Recipe.Interval]?
    package var keepLast: Int?
    package var keepBest: Int?
    package var keepEvery: Recipe.Interval?
    package var checkpointLevel: Int?
    package var checkpointBusy: Recipe.Checkpoints.Busy?
    package var snapshotEvery: Int?
    package var onNonFinite: Recipe.NonFinitePolicy?
    package var logEvery: Int?
    package var lossPrecision: Recipe.LossPrecision?
    package var batchNorm: Recipe.BatchNorm?
    package var allReduce: Recipe.AllReduce?
    package var gradientType: Recipe.GradientType?
    package var bucketMegabytes: Int?
    package var collectiveTimeout: Double?
    package var heartbeat: Double?
    package var replicaCheckEvery: Int?
    package var virtualShards: Int?
    package var accumulate: Int?

    /// Where each key stands in the file; empty for flags.
    var origin = Origin.flags

    package init() {}

    /// Where the values come from, so that an error can point there.
    enum Origin: Equatable, Sendable {
        case flags
        /// `lines` counts from 1, by key.
        case file(path: String, lines: [String: Int])
    }

    /// How a message calls the place of `key`: `--batch-size` or `configs/a.yaml:3: batch_size`.
    func place(of key: String) -> String {
        switch origin {
        case .flags:
            return "--" + (RecipeKey.all.first { $0.name == key }?.flag ?? key)
        case .file(let path, let lines):
            return RecipeError.place(path: path, line: lines[key]) + ": " + key
        }
    }
}

extension Recipe {
    /// Lays flags over a file over the defaults, and checks every value.
    ///
    /// Either `epochs` or `steps` of the flags replaces both of the file, and a `schedule` of the flags replaces the
    /// file's step settings too. Of `model_options` and `lr_multipliers` single entries are replaced.
    /// - Throws: when no model is named, a value is out of its range, or two values contradict each other.
    package static func resolve(file: RecipeOverrides? = nil, flags: RecipeOverrides) throws(RecipeError) -> Recipe {
        var merged = file ?? RecipeOverrides()
        if let file { try check(file) }
        try check(flags)
        if flags.epochs != nil || flags.steps != nil {
            merged.epochs = nil
            merged.steps = nil
        }
        if flags.schedule != nil { Schedule.forget(&merged) }
        if flags.stepEvery != nil { merged.stepEpochs = nil }
        if flags.stepEpochs != nil { merged.stepEvery = nil }
        if flags.warmupSteps != nil { merged.warmupEpochs = nil }
        if flags.warmupEpochs != nil { merged.warmupSteps = nil }
        for key in RecipeKey.all { key.copy(flags, &merged) }
        guard let model = merged.model else { throw .modelMissing }
        try Schedule.check(merged)
        if merged.learningRateBatch != nil && merged.learningRate == nil {
            throw .contradiction(
                "lr_for_batch is given without lr: say the learning rate that is meant for so many images")
        }
        if merged.nesterov == true && (merged.momentum ?? Default.momentum) == 0 {
            throw .contradiction("nesterov is true and momentum is 0: Nesterov's step needs a momentum above 0")
        }
        if merged.initForce == true && merged.initSkipMismatched != true {
            throw .contradiction(
                "init_force is true, but nothing may be left out of the file: say init_skip_mismatched: true too, or leave it "
                    + "out")
        }
        if merged.initSkipMismatched == true && merged.initFile == nil {
            throw .contradiction(
                "init_skip_mismatched is true, but no file is named to begin with: say init: FILE, or leave it out")
        }
        if merged.allReduce == .mpi, let type = merged.gradientType, type != .fp32 {
            throw .contradiction(
                "gradient_dtype is \(type.rawValue) and allreduce is mpi: only our own sum sends fewer bytes; say allreduce: tree, "
                    + "or leave gradient_dtype out")
        }
        for key in merged.overriddenKeys ?? [] { try RecipeKey.checkOverridable(key) }
        return Recipe(model: model, merged)
    }

    /// Checks what one source says by itself.
    ///
    /// For commands too that take some of a recipe's values and make none.
    package static func check(_ source: RecipeOverrides) throws(RecipeError) {
        for key in RecipeKey.all {
            guard let found = key.invalid(source) else { continue }
            throw .invalid(place: source.place(of: key.name), found: found, expected: key.expected)
        }
        if source.epochs != nil && source.steps != nil {
            let both = "\(source.place(of: "epochs")) and \(source.place(of: "steps"))"
            throw .contradiction("\(both) are both given: a run lasts either so many epochs or so many steps")
        }
    }

    /// Fills in the defaults, and leaves out what says nothing.
    private init(model: String, _ merged: RecipeOverrides) {
        var values = merged
        for key in RecipeKey.all { key.fill(&values) }
        if values.steps != nil { values.epochs = nil }
        Schedule.complete(&values)
        if values.initFile == nil { values.initSkipMismatched = nil }
        if values.initForce != true { values.initForce = nil }
        if values.modelOptions?.isEmpty == true { values.modelOptions = nil }
        if values.rateMultipliers?.isEmpty == true { values.rateMultipliers = nil }
        if values.freeze?.isEmpty == true { values.freeze = nil }
        if values.overriddenKeys?.isEmpty == true { values.overriddenKeys = nil }
        let samples = (values.batchSize ?? Default.batchSize) * (values.accumulate ?? Default.accumulate)
        values.learningRate = values.learningRate ?? Default.learningRate(batchSize: samples)
        values.origin = .flags
        self.model = model
        overrides = values
    }
}
