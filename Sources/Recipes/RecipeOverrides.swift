package import Networks

/// What one source, a YAML file or the command line, says about a run; nil where it is silent.
package struct RecipeOverrides: Equatable, Sendable {
    package var model: String?
    package var modelOptions: [String: String]?
    package var initScheme: InitialScheme?
    package var dropout: Double?
    package var averageWeights: Double?
    package var initFile: String?
    package var initSkipMismatched: Bool?
    package var freeze: [String]?
    package var rateMultipliers: [String: Double]?
    package var shuffle: Bool?
    package var augmentation: Recipe.Augmentation?
    package var data: String?
    package var epochs: Int?
    package var steps: Int?
    package var batchSize: Int?
    package var learningRate: Double?
    package var momentum: Double?
    package var nesterov: Bool?
    package var weightDecay: Double?
    package var schedule: Recipe.Schedule.Name?
    package var warmupEpochs: Double?
    /// Epochs between two drops of the step schedule.
    package var stepEpochs: Int?
    /// What the learning rate is multiplied with at each drop of the step schedule.
    package var stepFactor: Double?
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
    package var onNonFinite: Recipe.NonFinitePolicy?
    package var logEvery: Int?
    package var lossPrecision: Recipe.LossPrecision?
    package var batchNorm: Recipe.BatchNorm?
    package var allReduce: Recipe.AllReduce?
    package var gradientType: Recipe.GradientType?
    package var bucketMegabytes: Int?
    package var collectiveTimeout: Double?
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
            // A flag that is repeated gives one entry at a time.
            let one = ["model_options": "model_option", "lr_multipliers": "lr_multiplier"][key] ?? key
            return "--" + one.map { $0 == "_" ? "-" : String($0) }.joined()
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
        if flags.schedule != nil {
            merged.stepEpochs = nil
            merged.stepFactor = nil
        }
        for key in RecipeKey.all { key.copy(flags, &merged) }
        guard let model = merged.model else { throw .modelMissing }
        let schedule = merged.schedule ?? Default.schedule
        for (key, isGiven) in [("step_epochs", merged.stepEpochs != nil), ("step_factor", merged.stepFactor != nil)]
        where isGiven && schedule != .step {
            throw .contradiction(
                "\(key) is given, but the schedule is \(schedule.rawValue): say schedule: step, or leave \(key) out")
        }
        if merged.nesterov == true && (merged.momentum ?? Default.momentum) == 0 {
            throw .contradiction("nesterov is true and momentum is 0: Nesterov's step needs a momentum above 0")
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
        return Recipe(model: model, schedule: schedule, merged)
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

    private init(model: String, schedule: Schedule.Name, _ merged: RecipeOverrides) {
        self.model = model
        modelOptions = merged.modelOptions ?? [:]
        initScheme = merged.initScheme ?? Default.initScheme
        dropout = merged.dropout
        averageWeights = merged.averageWeights
        initFile = merged.initFile
        initSkipMismatched = merged.initSkipMismatched ?? false
        freeze = merged.freeze ?? []
        rateMultipliers = merged.rateMultipliers ?? [:]
        shuffle = merged.shuffle ?? Default.shuffle
        augmentation = merged.augmentation ?? Default.augmentation
        lossPrecision = merged.lossPrecision ?? Default.lossPrecision
        data = merged.data ?? Default.data
        duration = merged.steps.map(Duration.steps) ?? merged.epochs.map(Duration.epochs) ?? Default.duration
        batchSize = merged.batchSize ?? Default.batchSize
        learningRate =
            merged.learningRate
            ?? Default.learningRate(
                batchSize: batchSize * (merged.accumulate ?? Default.accumulate))
        momentum = merged.momentum ?? Default.momentum
        nesterov = merged.nesterov ?? Default.nesterov
        weightDecay = merged.weightDecay ?? Default.weightDecay
        self.schedule =
            switch schedule {
            case .constant: .constant
            case .cosine: .cosine
            case .step:
                .step(
                    epochs: merged.stepEpochs ?? Default.stepEpochs, factor: merged.stepFactor ?? Default.stepFactor)
            }
        warmupEpochs = merged.warmupEpochs ?? Default.warmupEpochs
        imageSize = merged.imageSize
        classes = merged.classes
        threads = merged.threads
        instructionSet = merged.instructionSet ?? Default.instructionSet
        convolution = merged.convolution ?? Default.convolution
        seed = merged.seed ?? Default.seed
        output = merged.output
        resume = merged.resume ?? Default.resume
        overriddenKeys = merged.overriddenKeys ?? []
        checkpoints = Checkpoints(merged)
        onNonFinite = merged.onNonFinite ?? Default.onNonFinite
        logEvery = merged.logEvery ?? Default.logEvery
        batchNorm = merged.batchNorm ?? Default.batchNorm
        allReduce = merged.allReduce ?? Default.allReduce
        gradientType = merged.gradientType ?? Default.gradientType
        bucketMegabytes = merged.bucketMegabytes ?? Default.bucketMegabytes
        collectiveTimeout = merged.collectiveTimeout ?? Default.collectiveTimeout
        replicaCheckEvery = merged.replicaCheckEvery ?? Default.replicaCheckEvery
        virtualShards = merged.virtualShards ?? Default.virtualShards
        accumulate = merged.accumulate ?? Default.accumulate
    }

    /// The recipe as a source that leaves nothing to the defaults: what `resolve` makes this recipe of again.
    package var overrides: RecipeOverrides {
        var values = RecipeOverrides()
        values.model = model
        values.modelOptions = modelOptions.isEmpty ? nil : modelOptions
        values.initScheme = initScheme
        values.dropout = dropout
        values.averageWeights = averageWeights
        values.initFile = initFile
        values.initSkipMismatched = initFile == nil ? nil : initSkipMismatched
        values.freeze = freeze.isEmpty ? nil : freeze
        values.rateMultipliers = rateMultipliers.isEmpty ? nil : rateMultipliers
        values.shuffle = shuffle
        values.augmentation = augmentation
        values.lossPrecision = lossPrecision
        values.data = data
        switch duration {
        case .epochs(let epochs): values.epochs = epochs
        case .steps(let steps): values.steps = steps
        }
        values.batchSize = batchSize
        values.learningRate = learningRate
        values.momentum = momentum
        values.nesterov = nesterov
        values.weightDecay = weightDecay
        switch schedule {
        case .constant: values.schedule = .constant
        case .cosine: values.schedule = .cosine
        case .step(let epochs, let factor):
            values.schedule = .step
            values.stepEpochs = epochs
            values.stepFactor = factor
        }
        values.warmupEpochs = warmupEpochs
        values.imageSize = imageSize
        values.classes = classes
        values.threads = threads
        values.instructionSet = instructionSet
        values.convolution = convolution
        values.seed = seed
        values.output = output
        values.resume = resume
        values.overriddenKeys = overriddenKeys.isEmpty ? nil : overriddenKeys
        checkpoints.write(to: &values)
        values.onNonFinite = onNonFinite
        values.logEvery = logEvery
        values.batchNorm = batchNorm
        values.allReduce = allReduce
        values.gradientType = gradientType
        values.bucketMegabytes = bucketMegabytes
        values.collectiveTimeout = collectiveTimeout
        values.replicaCheckEvery = replicaCheckEvery
        values.virtualShards = virtualShards
        values.accumulate = accumulate
        return values
    }
}
