import Files

extension Recipe {
    /// The interval at which something is due.
    package enum Interval: Hashable, Sendable {
        /// An interval of steps: due when the run's steps are a multiple of this.
        case steps(Int)
        /// Seconds since the last time.
        case seconds(Int)
        /// An interval of epochs: due when the run's complete epochs are a multiple of this.
        case epochs(Int)
    }

    /// The checkpoints that a run writes, and those of them that it keeps.
    package struct Checkpoints: Equatable, Sendable {
        /// The fate of a checkpoint that is due while one is being written.
        package enum Busy: String, CaseIterable, Sendable {
            /// Training waits until it can be taken.
            case wait
            /// The checkpoint is skipped.
            case skip
        }

        /// The intervals at which checkpoints are due; one is due at the end too.
        package var every: [Interval]
        /// The number of newest checkpoints that are kept, at least 1.
        package var keepLast: Int
        /// The number of checkpoints that are kept for their accuracy on the test split; 0 for none.
        package var keepBest: Int
        /// The length, in epochs, of periods whose first checkpoint is kept for ever; nil for none.
        package var keepEveryEpochs: Int?
        /// zstd's level.
        package var level: Int
        package var whenBusy: Busy
    }

    /// The treatment of a step whose loss or gradient is not finite.
    package enum NonFinitePolicy: String, CaseIterable, Sendable {
        /// The run ends there.
        case stop
        /// The step leaves the state unchanged.
        case skip
        /// Training goes back to the state of the newest checkpoint, and on with the samples after that step.
        case rewind
    }

    /// The state that a run begins from.
    package enum Resume: Equatable, Sendable {
        /// The beginning of the run.
        case none
        /// The newest intact checkpoint in the run's own folder, or the beginning where there is none.
        case auto
        /// A checkpoint's file, or the newest intact one in a folder of checkpoints or of a run.
        case from(path: String)
    }
}

extension Recipe.Interval: LosslessStringConvertible {
    /// Reads `500steps`, `10min` or `1epoch`; nil for anything else.
    package init?(_ text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int(digits), (1...1_000_000_000).contains(count) else { return nil }
        switch text.dropFirst(digits.count) {
        case "step", "steps": self = .steps(count)
        case "s": self = .seconds(count)
        case "min": self = .seconds(60 * count)
        case "h": self = .seconds(3600 * count)
        case "epoch", "epochs": self = .epochs(count)
        default: return nil
        }
    }

    /// The text that the initializer reads.
    package var description: String {
        switch self {
        case .steps(let count): count == 1 ? "1step" : "\(count)steps"
        case .epochs(let count): count == 1 ? "1epoch" : "\(count)epochs"
        case .seconds(let count):
            if count % 3600 == 0 {
                "\(count / 3600)h"
            } else if count % 60 == 0 {
                "\(count / 60)min"
            } else {
                "\(count)s"
            }
        }
    }
}

extension RecipeValueKind where Value == [Recipe.Interval] {
    /// `[500steps, 10min]`, `1epoch`, or `500steps,10min`.
    static var intervals: Self {
        let texts = RecipeValueKind<[String]>.list
        return Self(
            expected: "a list of intervals such as 500steps, 10min, 2h or 1epoch",
            schema: .any([.text(like: "^[0-9]"), .list(of: .text(like: "^[0-9]"))]),
            read: { node in
                guard
                    let words = texts.read(node)?.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }
                    )
                else { return nil }
                let intervals = words.compactMap { Recipe.Interval(String($0)) }
                return intervals.count == words.count ? intervals : nil
            },
            accepts: { !$0.isEmpty },
            print: { "[" + $0.map(\.description).joined(separator: ", ") + "]" })
    }
}

extension RecipeValueKind where Value == Recipe.Interval {
    /// `10epochs`, which may also be written `10`.
    static var epochs: Self {
        Self(
            expected: "a number of epochs such as 10epochs",
            schema: .any([.text(like: "^[0-9]+(epochs?)?$"), .integer(in: 1...1_000_000_000)]),
            read: { $0.text.flatMap { Recipe.Interval($0.text) ?? Recipe.Interval($0.text + "epochs") } },
            accepts: { if case .epochs = $0 { true } else { false } },
            print: \.description)
    }
}

extension RecipeValueKind where Value == Recipe.Interval {
    /// The length of a run: `90epochs`, `500steps` or `10min`.
    static var duration: Self {
        Self(
            expected: "a number of epochs or steps or a time such as 90epochs, 500steps or 10min",
            schema: .text(like: "^[0-9]+(epochs?|steps?|s|min|h)$"),
            read: { $0.text.flatMap { Recipe.Interval($0.text) } },
            accepts: {
                switch $0 {
                case .epochs(let count): count <= 1_000_000
                case .steps: true
                case .seconds(let count): count <= 31_536_000
                }
            },
            print: \.description)
    }
}

extension RecipeValueKind where Value == Recipe.Resume {
    /// The kind of value `auto` (or `true`), a path, or `none` (or `false`, `no`).
    static var resume: Self {
        let text = RecipeValueKind<String>.text
        return Self(
            expected: "auto, or the path of a checkpoint or of a folder with checkpoints",
            schema: .any([.single, .refusal]),
            read: { node in
                guard let found = node.text, !found.text.isEmpty else { return nil }
                if found.isRefusal { return Recipe.Resume.none }
                if found.onOff == true || found.isOne(of: ["auto"]) { return .auto }
                return (try? userPath(found.text)).map { .from(path: $0) }
            },
            accepts: { $0 != .from(path: "") },
            print: { resume in
                switch resume {
                case .none: "none"
                case .auto: "auto"
                // Quoted where the path is a word of ours.
                case .from(let path): path == "auto" ? "\"\(path)\"" : text.print(path)
                }
            })
    }
}

extension Recipe.Checkpoints {
    /// - Parameter values: with their defaults.
    init(_ values: RecipeOverrides) {
        every = values.checkpointEvery ?? Recipe.Default.checkpointEvery
        keepLast = values.keepLast ?? Recipe.Default.keepLast
        keepBest = values.keepBest ?? Recipe.Default.keepBest
        if case .epochs(let epochs)? = values.keepEvery { keepEveryEpochs = epochs }
        level = values.checkpointLevel ?? Recipe.Default.checkpointLevel
        whenBusy = values.checkpointBusy ?? Recipe.Default.checkpointBusy
    }
}
