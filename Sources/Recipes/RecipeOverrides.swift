package import Networks

/// The values of one source, a YAML file or the command line; nil for those that it does not set.
package struct RecipeOverrides: Equatable, Sendable {
    package var model: String?
    package var modelOptions: [String: String]?
    package var initScheme: InitialScheme?
    package var dropout: Double?
    package var averageWeights: Double?
    package var averageWarmup: Bool?
    package var averageEvery: Int?
    package var labelSmoothing: Double?
    package var classWeights: Recipe.ClassWeights?
    package var balancedSampling: Bool?
    package var patience: Int?
    package var evaluateEvery: Int?
    package var stopAtAccuracy: Double?
    package var initFile: String?
    package var initSkipMismatched: Bool?
    package var initForce: Bool?
    package var freeze: [String]?
    package var trainOnly: [String]?
    package var rateMultipliers: [String: Double]?
    package var trainingLengths: [String: Recipe.Interval]?
    package var whiteningImages: Int?
    package var shuffle: Bool?
    package var augmentation: Recipe.Augmentation?
    package var mixup: Double?
    package var cutMix: Double?
    package var interpolation: Recipe.Interpolation?
    package var normalisation: Recipe.Normalisation?
    package var decoding: Recipe.Decoding?
    package var exifOrientation: Bool?
    package var maxImagePixels: Int?
    package var maxBadSamples: Int?
    package var isStrict: Bool?
    package var prefetchMegabytes: Int?
    package var imageCache: Recipe.ImageCache?
    package var data: String?
    package var validationFraction: Double?
    package var duration: Recipe.Interval?
    package var epochs: Int?
    package var steps: Int?
    /// Seconds that the run lasts.
    package var time: Double?
    package var batchSize: Int?
    package var learningRate: Double?
    package var optimizer: Recipe.Optimizer?
    package var momentum: Double?
    package var dampening: Double?
    package var nesterov: Bool?
    package var betas: [Double]?
    package var epsilon: Double?
    package var alpha: Double?
    /// The trust coefficient of LARS and LAMB.
    package var trust: Double?
    package var weightDecay: Double?
    package var decay: Recipe.Decay?
    package var noDecay: [String]?
    package var decayMultipliers: [String: Double]?
    package var clipNorm: Double?
    package var clipValue: Double?
    package var muonIterations: Int?
    package var muonNormalise: Bool?
    package var muonSGD: [String]?
    package var muonSGDLearningRate: Double?
    package var muonSGDMomentum: Double?
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
    /// The time for which training takes images smaller than the network's, by their pixels a side.
    package var trainingSizes: [String: Recipe.Interval]?
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
    package var progress: Recipe.ProgressDisplay?
    package var report: Recipe.Report?
    package var tensorBoard: Bool?
    package var statusPort: Int?
    package var statusHost: String?
    package var testAugmentation: Recipe.TestAugmentation?
    package var testAugmentationShare: Double?
    package var batchNorm: Recipe.BatchNorm?
    package var allReduce: Recipe.AllReduce?
    package var gradientType: Recipe.GradientType?
    package var bucketMegabytes: Int?
    package var collectiveTimeout: Double?
    package var heartbeat: Double?
    package var replicaCheckEvery: Int?
    package var virtualShards: Int?
    package var accumulate: Int?

    /// The origins of values, by key; those of flags are not included.
    var origins: [String: RecipeOrigin] = [:]
    /// Keys that are explicitly set to no value, whatever a lower layer has.
    var cleared: Set<String> = []

    package init() {}

    /// Returns the words by which a message points to `key`: `--batch-size` or `configs/a.yaml:3: batch_size`.
    func place(of key: String) -> String {
        switch origins[key] {
        case .file(let path, let line)?: RecipeError.place(path: path, line: line) + ": " + key
        case .setting?: "--set \(key)"
        default: "--" + (RecipeKey.named(key)?.flag ?? key)
        }
    }
}

/// The origin of a recipe's value.
package enum RecipeOrigin: Hashable, Sendable {
    /// `line` counts from 1.
    case file(path: String, line: Int?)
    case flag
    /// `--set`
    case setting
    case `default`
}

extension RecipeOverrides {
    /// Replaces values by those of `upper`, where it has any.
    ///
    /// A length of the run replaces any other. A schedule or an optimizer replaces the settings of an earlier one. Of
    /// `model_options` and `lr_multipliers`, single entries are replaced.
    mutating func lay(_ upper: RecipeOverrides) {
        for key in RecipeKey.all where upper.cleared.contains(key.name) { forget(key) }
        if upper.epochs != nil || upper.steps != nil || upper.time != nil || upper.duration != nil {
            (epochs, steps, time, duration) = (nil, nil, nil, nil)
        }
        if upper.schedule != nil { Recipe.Schedule.forget(&self) }
        if upper.optimizer != nil { Recipe.Optimizer.forget(&self) }
        if upper.clipNorm != nil { clipValue = nil }
        if upper.clipValue != nil { clipNorm = nil }
        if upper.stepEvery != nil { stepEpochs = nil }
        if upper.stepEpochs != nil { stepEvery = nil }
        if upper.warmupSteps != nil { warmupEpochs = nil }
        if upper.warmupEpochs != nil { warmupSteps = nil }
        cleared.formUnion(upper.cleared)
        for key in RecipeKey.all where key.print(upper) != nil {
            key.copy(upper, &self)
            origins[key.name] = upper.origins[key.name]
            cleared.remove(key.name)
        }
    }

    /// Writes the length of the run under the key of its unit.
    fileprivate mutating func spellOutDuration() {
        switch duration {
        case .epochs(let count)?:
            epochs = count
            origins["epochs"] = origins["duration"]
        case .steps(let count)?:
            steps = count
            origins["steps"] = origins["duration"]
        case .seconds(let count)?:
            time = Double(count)
            origins["time"] = origins["duration"]
        case nil: break
        }
        duration = nil
    }

    private mutating func forget(_ key: RecipeKey) {
        key.clear(&self)
        origins[key.name] = nil
    }
}

extension Recipe {
    /// Lays flags over a file over the defaults, and checks every value.
    ///
    /// - Throws: when no model is named, a value is out of its range, or two values contradict each other.
    package static func resolve(file: RecipeOverrides? = nil, flags: RecipeOverrides) throws(RecipeError) -> Recipe {
        let merged = try merge(file: file, flags: flags)
        guard let model = merged.model else { throw .modelMissing }
        try Schedule.check(merged)
        if merged.learningRateBatch != nil && merged.learningRate == nil {
            throw .contradiction(
                "lr_for_batch is given without lr: say the learning rate that is meant for so many images")
        }
        if merged.learningRateBatch != nil && merged.learningRate == Auto.learningRate {
            throw .contradiction(
                "lr_for_batch is given, but lr is auto: the rate is found with the images that a step has; "
                    + "say a number for lr, or leave lr_for_batch out")
        }
        try Optimizer.check(merged)
        if merged.averageWeights == nil && (merged.averageWarmup == true || (merged.averageEvery ?? 1) > 1) {
            let key = merged.averageWarmup == true ? "average_warmup" : "average_every"
            throw .contradiction("\(key) is given without average_weights: say average_weights: 0.999 too")
        }
        if merged.balancedSampling == true && merged.shuffle == false {
            throw .contradiction(
                "balanced_sampling is on and shuffle is off: samples that are drawn have no order to keep; say either")
        }
        if merged.initForce == true && merged.initSkipMismatched != true {
            throw .contradiction(
                "init_force is true, but nothing may be left out of the file: say init_skip_mismatched: true too, "
                    + "or leave it out")
        }
        if merged.initSkipMismatched == true && merged.initFile == nil {
            throw .contradiction(
                "init_skip_mismatched is true, but no file is named to begin with: say init: FILE, or leave it out")
        }
        if merged.allReduce == .mpi, let type = merged.gradientType, type != .fp32 {
            throw .contradiction(
                "gradient_dtype is \(type.rawValue) and allreduce is mpi: only our own sum sends fewer bytes; say "
                    + "allreduce: tree, or leave gradient_dtype out")
        }
        try TrainingSize.check(merged)
        for key in merged.overriddenKeys ?? [] { try RecipeKey.checkOverridable(key) }
        return Recipe(model: model, merged)
    }

    /// Returns the origin of each value of the recipe that `resolve` makes from the same arguments, by key.
    package static func origins(file: RecipeOverrides?, flags: RecipeOverrides) throws(RecipeError)
        -> [String: RecipeOrigin]
    {
        let merged = try merge(file: file, flags: flags)
        let origins = RecipeKey.all.map { key in
            (key.name, key.print(merged) == nil ? .default : merged.origins[key.name] ?? .flag)
        }
        return Dictionary(origins) { $1 }
    }

    /// Lays the flags' values over a file's.
    private static func merge(file: RecipeOverrides?, flags: RecipeOverrides) throws(RecipeError) -> RecipeOverrides {
        var merged = RecipeOverrides()
        for layer in [file, flags] {
            guard let layer else { continue }
            try check(layer)
            merged.lay(layer)
        }
        merged.spellOutDuration()
        return merged
    }

    /// Checks the values of one source by themselves.
    ///
    /// Commands that take some of a recipe's values without making a recipe use it too.
    package static func check(_ source: RecipeOverrides) throws(RecipeError) {
        for key in RecipeKey.all {
            guard let found = key.invalid(source) else { continue }
            throw .invalid(place: source.place(of: key.name), found: found, expected: key.expected)
        }
        let lengths = [
            ("duration", source.duration != nil), ("epochs", source.epochs != nil), ("steps", source.steps != nil),
            ("time", source.time != nil),
        ].filter(\.1).map { source.place(of: $0.0) }
        if lengths.count > 1 {
            throw .contradiction(
                "\(lengths[0]) and \(lengths[1]) are both given: "
                    + "a run lasts either so many epochs, so many steps or so long"
            )
        }
    }

    /// Fills in the defaults, and leaves out values that change nothing.
    private init(model: String, _ merged: RecipeOverrides) {
        var values = merged
        for key in RecipeKey.all { key.fill(&values) }
        if values.steps != nil || values.time != nil { values.epochs = nil }
        if values.averageWeights == nil { (values.averageWarmup, values.averageEvery) = (nil, nil) }
        Schedule.complete(&values)
        Optimizer.complete(&values)
        if values.initFile == nil { values.initSkipMismatched = nil }
        if values.initForce != true { values.initForce = nil }
        if values.modelOptions?.isEmpty == true { values.modelOptions = nil }
        if values.rateMultipliers?.isEmpty == true { values.rateMultipliers = nil }
        if values.freeze?.isEmpty == true { values.freeze = nil }
        if values.trainOnly?.isEmpty == true { values.trainOnly = nil }
        if values.overriddenKeys?.isEmpty == true { values.overriddenKeys = nil }
        if values.batchSize != Auto.batchSize {
            let samples = (values.batchSize ?? Default.batchSize) * (values.accumulate ?? Default.accumulate)
            values.learningRate =
                values.learningRate ?? (values.optimizer ?? Default.optimizer).learningRate(batchSize: samples)
        }
        (values.origins, values.cleared) = ([:], [])
        self.model = model
        overrides = values
    }
}
