extension Checkpoint {
    /// The progress of a run: epochs, steps and samples done. A checkpoint's state was trained on exactly these
    /// samples.
    package struct Progress: Equatable, Sendable {
        /// The number of complete epochs.
        package var epoch: Int
        /// The steps done in the current epoch; 0 between two epochs.
        package var stepInEpoch: Int
        /// The optimizer steps since the run began.
        package var globalStep: Int
        /// The samples trained on since the run began, over all ranks, repeated ones counted again.
        package var samples: Int
        /// The updates since the optimizer's state began: fewer than steps where some were skipped, or the state began
        /// later.
        package var updates: Int

        /// - Parameter updates: nil for as many as `globalStep`.
        package init(epoch: Int, stepInEpoch: Int, globalStep: Int, samples: Int, updates: Int? = nil) {
            self.epoch = epoch
            self.stepInEpoch = stepInEpoch
            self.globalStep = globalStep
            self.samples = samples
            self.updates = updates ?? globalStep
        }
    }

    /// A checkpoint's description of its network and of the run that it comes from.
    package struct About: Equatable, Sendable {
        /// The network's name in the zoo.
        package var model: String
        /// The other options of the network, as text, by the zoo's keys.
        package var modelOptions: [String: String]
        package var classes: Int
        /// Height and width of the input in pixels.
        package var imageSize: Int
        package var inputChannels: Int
        /// The meaning of each label, in the order of labels; empty if the dataset does not give any.
        package var classNames: [String]
        /// The presentation of pictures to the network, by the names of docs/checkpoint-format.md; empty if none was
        /// given.
        package var presentation: [String: String]
        /// The resolved recipe as YAML.
        package var recipe: String
        package var seed: UInt64
        package var progress: Progress
        /// The state of the schedule, for people: `learning_rate`, …. Resuming computes it from recipe and progress
        /// instead.
        package var schedule: [String: String]
        /// The values measured so far. Some belong to this state, such as `test_accuracy`, by which the best
        /// checkpoints are kept. Others belong to the run, such as `best_test_accuracy`. Infinities and NaN are kept
        /// too.
        package var metrics: [String: Double]
        /// The source of random numbers: `generator`, and any part of its state that is not a function of seed and
        /// progress.
        package var random: [String: String]
        /// The versions of the programs and libraries that wrote the file, by name: `cnn-train`, `zstd`, ….
        package var versions: [String: String]
        /// A fingerprint of the run's data; empty if none was given.
        package var dataset: String

        package init(
            model: String, modelOptions: [String: String] = [:], classes: Int, imageSize: Int, inputChannels: Int,
            classNames: [String], presentation: [String: String] = [:], recipe: String, seed: UInt64,
            progress: Progress, schedule: [String: String] = [:], metrics: [String: Double] = [:],
            random: [String: String] = About.counterBased, versions: [String: String] = About.libraryVersions,
            dataset: String = ""
        ) {
            self.model = model
            self.modelOptions = modelOptions
            self.classes = classes
            self.imageSize = imageSize
            self.inputChannels = inputChannels
            self.classNames = classNames
            self.presentation = presentation
            self.recipe = recipe
            self.seed = seed
            self.progress = progress
            self.schedule = schedule
            self.metrics = metrics
            self.random = random
            self.versions = versions
            self.dataset = dataset
        }

        /// The source in which each random number of a run is a function of the seed and its purpose: there is no state
        /// to save.
        package static let counterBased = ["generator": "counter-based SplitMix64"]
        /// The versions of the libraries that make a file, by name.
        package static let libraryVersions = ["zstd": Compression.libraryVersion]
    }

    /// The version of written files. All versions from 1 to this one can be read.
    static let formatVersion = 1

    package init(
        tensors: [NamedTensor], optimizer: [NamedTensor], averaged: [NamedTensor] = [], about: About
    ) {
        self.init(tensors: tensors, optimizer: optimizer, averaged: averaged, metadata: about.metadata)
    }

    /// Reads the description in the metadata.
    ///
    /// - Parameter path: the file's name in messages.
    /// - Throws: `metadata` where an entry is missing, as in another program's safetensors file, or is not as it should
    ///   be.
    package func about(path: String) throws(CheckpointError) -> About {
        try About(metadata: metadata, path: path)
    }
}

extension Checkpoint.About {
    /// The file's metadata. `format` tells Python's libraries that tensors are laid out as in PyTorch.
    var metadata: [String: String] {
        [
            "format": "pt", Safetensors.versionKey: "\(Checkpoint.formatVersion)", "model": model,
            "model_options": HeaderJSON.object(modelOptions), "classes": "\(classes)", "image_size": "\(imageSize)",
            "input_channels": "\(inputChannels)",
            "class_names": "[" + classNames.map(HeaderJSON.quoted).joined(separator: ",") + "]",
            "presentation": HeaderJSON.object(presentation), "recipe": recipe, "seed": "\(seed)",
            "epoch": "\(progress.epoch)", "step_in_epoch": "\(progress.stepInEpoch)",
            "step": "\(progress.globalStep)", "samples": "\(progress.samples)",
            "updates": "\(progress.updates)",
            "schedule": HeaderJSON.object(schedule),
            "metrics": HeaderJSON.object(metrics.mapValues { "\($0)" }), "random": HeaderJSON.object(random),
            "versions": HeaderJSON.object(versions), "dataset": dataset,
        ]
    }

    /// Reads the description in `metadata`.
    init(metadata: [String: String], path: String) throws(CheckpointError) {
        let fields = Fields(metadata: metadata, path: path)
        // Reading the file has checked already that the version is a known one.
        _ = try fields.count(Safetensors.versionKey, from: 1)
        self.init(
            model: try fields.text("model"), modelOptions: try fields.textsByName("model_options"),
            classes: try fields.count("classes", from: 1),
            imageSize: try fields.count("image_size", from: 1),
            inputChannels: try fields.count("input_channels", from: 1), classNames: try fields.texts("class_names"),
            presentation: try fields.textsByName("presentation"), recipe: try fields.text("recipe"),
            seed: try fields.number("seed", expected: "a whole number"),
            progress: Checkpoint.Progress(
                epoch: try fields.count("epoch"), stepInEpoch: try fields.count("step_in_epoch"),
                globalStep: try fields.count("step"), samples: try fields.count("samples"),
                // Files of earlier versions do not have it.
                updates: metadata["updates"] == nil ? nil : try fields.count("updates")),
            schedule: try fields.textsByName("schedule"), metrics: try fields.numbersByName("metrics"),
            random: try fields.textsByName("random"), versions: try fields.textsByName("versions"),
            dataset: metadata["dataset"] ?? "")
    }
}

extension HeaderJSON {
    /// Returns a JSON object of texts.
    static func object(_ texts: [String: String]) -> String {
        let members = texts.sorted { $0.key < $1.key }.map { key, text in quoted(key) + ":" + quoted(text) }
        return "{" + members.joined(separator: ",") + "}"
    }
}

/// The metadata, with readers for entries of each kind.
private struct Fields {
    let metadata: [String: String]
    let path: String

    func error(_ key: String, expected: String) -> CheckpointError {
        .metadata(path: path, key: key, found: metadata[key], expected: expected)
    }

    func text(_ key: String) throws(CheckpointError) -> String {
        guard let text = metadata[key] else { throw error(key, expected: "a text") }
        return text
    }

    func number<Number: FixedWidthInteger>(_ key: String, expected: String) throws(CheckpointError) -> Number {
        guard let number = try Number(text(key)) else { throw error(key, expected: expected) }
        return number
    }

    func count(_ key: String, from lowest: Int = 0) throws(CheckpointError) -> Int {
        let expected = "a whole number of at least \(lowest)"
        let count: Int = try number(key, expected: expected)
        guard count >= lowest else { throw error(key, expected: expected) }
        return count
    }

    func texts(_ key: String) throws(CheckpointError) -> [String] {
        guard case .array(let elements)? = try? HeaderJSON.parse(Array(text(key).utf8)) else {
            throw error(key, expected: "a JSON list of texts")
        }
        var texts: [String] = []
        for element in elements {
            guard case .string(let text) = element else { throw error(key, expected: "a JSON list of texts") }
            texts.append(text)
        }
        return texts
    }

    /// Reads an object of texts; empty where the key is missing.
    func textsByName(_ key: String) throws(CheckpointError) -> [String: String] {
        guard let json = metadata[key] else { return [:] }
        let expected = "a JSON object of texts"
        guard case .object(let members)? = try? HeaderJSON.parse(Array(json.utf8)) else {
            throw error(key, expected: expected)
        }
        var texts: [String: String] = [:]
        for member in members {
            guard case .string(let text) = member.value else { throw error(key, expected: expected) }
            texts[member.key] = text
        }
        return texts
    }

    /// Reads an object of numbers; empty where the key is missing.
    func numbersByName(_ key: String) throws(CheckpointError) -> [String: Double] {
        var numbers: [String: Double] = [:]
        for (name, text) in try textsByName(key) {
            guard let number = Double(text) else { throw error(key, expected: "a JSON object of numbers as texts") }
            numbers[name] = number
        }
        return numbers
    }
}
