package import Recipes
import Terminal

/// A recipe that is chosen for a dataset, a time and a machine, with a reason for each value.
///
/// It is a function of known facts and of measurements, which are made elsewhere (`RecipeChoice+Measuring.swift`).
/// Values that the user gives are kept.
package struct RecipeChoice: Equatable, Sendable {
    /// The reason for a key's value.
    struct Reason: Equatable, Sendable {
        let key: String
        let words: String
    }

    package let facts: DataFacts
    /// Images a second of training steps, by row of the table; rows that were not measured are missing.
    package typealias Speeds = [NetworkCandidate: Double]

    /// The chosen values, without those that the user gives.
    private(set) var values = RecipeOverrides()
    /// The reasons in the order of the choices.
    private(set) var reasons: [Reason] = []
    /// The values that the user gives.
    let asked: RecipeOverrides

    /// Chooses a recipe.
    ///
    /// - Parameters:
    ///   - seconds: the seconds that are left for training.
    ///   - table: the rows to choose a network from, the least work first.
    ///   - speeds: the speeds of the measured rows.
    ///   - asked: the values that the user gives; of `time` only whether there is one matters.
    package init(
        for facts: DataFacts, seconds: Double, table: [NetworkCandidate], speeds: Speeds,
        asked: RecipeOverrides = RecipeOverrides()
    ) {
        self.facts = facts
        var asked = asked
        asked.time = nil
        self.asked = asked
        values.data = facts.data
        let budget = PictureBudget(facts, seconds: seconds)
        let row = Self.row(of: table, speeds, budget)
        let speed = speeds[row]
        chooseNetwork(row, speed, budget)
        let batchSize = Self.batchSize(facts, row, asked)
        chooseSteps(row, batchSize: batchSize)
        let epochs = chooseLength(seconds: seconds, budget, speed)
        chooseSchedule(steps: epochs * Double(facts.learnedCount) / Double(batchSize))
        chooseData()
        chooseReports(batchSize: batchSize, speed)
        chooseCheckpoints(speed)
    }

    private mutating func choose<Value>(
        _ path: any WritableKeyPath<RecipeOverrides, Value?> & Sendable, _ value: Value, because words: String
    ) {
        guard let key = RecipeKey.of(path) else { preconditionFailure("RecipeKey.all has no row for \(path)") }
        guard key.print(asked) == nil else { return }
        values[keyPath: path] = value
        reasons.append(Reason(key: key.name, words: words))
    }
}

// MARK: - The network

extension RecipeChoice {
    /// Returns the last row whose network sees enough pictures; the first where none does.
    private static func row(
        of table: [NetworkCandidate], _ speeds: Speeds, _ budget: PictureBudget
    ) -> NetworkCandidate {
        let fitting = table.filter { row in speeds[row].map { budget.isEnough(for: row, at: $0) } ?? false }
        let measured = table.filter { speeds[$0] != nil }
        guard let row = fitting.last ?? measured.first ?? table.first else {
            preconditionFailure("the table has no row")
        }
        return row
    }

    private mutating func chooseNetwork(_ row: NetworkCandidate, _ speed: Double?, _ budget: PictureBudget) {
        let pace = speed.map { "; \(Wording.significant($0)) images/s were measured here" } ?? ""
        choose(\.model, row.model, because: row.reason + pace)
        let sizes = "the shorter side of the middle picture has \(facts.shorterSide) pixels"
        choose(
            \.imageSize, row.imageSize,
            because: speed.map { sizes + "; at this size \(budget.words(at: $0))" } ?? sizes)
    }
}

// MARK: - Steps

extension RecipeChoice {
    /// The fewest steps of an epoch.
    private static let leastSteps = 16
    private static let leastOfBatch = 16

    /// Returns the user's batch size, or else a power of two that gives an epoch a reasonable number of steps.
    static func batchSize(_ facts: DataFacts, _ row: NetworkCandidate, _ asked: RecipeOverrides) -> Int {
        if let size = asked.batchSize, size != Recipe.Auto.batchSize { return size }
        var size = leastOfBatch
        while size * 2 <= row.mostOfBatch, size * 2 * leastSteps <= facts.learnedCount { size *= 2 }
        return size
    }

    private mutating func chooseSteps(_ row: NetworkCandidate, batchSize: Int) {
        let steps = (facts.learnedCount + batchSize - 1) / batchSize
        choose(
            \.batchSize, batchSize,
            because: batchSize == row.mostOfBatch
                ? "more are hardly faster an image, and make fewer steps"
                : "so an epoch has \(Wording.count(steps, "step"))")
        choose(
            \.optimizer, .sgd,
            because: "with momentum it is the way in which the networks of this table were published")
        guard asked.optimizer == nil || asked.optimizer == .sgd else { return }
        choose(\.momentum, 0.9, because: "the usual one")
        choose(\.nesterov, true, because: "looks ahead of the momentum, which helps short runs")
        choose(
            \.weightDecay, row.weightDecay,
            because: row.weightDecay < 5e-4 ? "a small network forgets little" : "the usual one for few pictures")
        let rate = row.learningRate * Double(max(batchSize, Self.leastForRate)) / 256
        choose(
            \.learningRate, rate,
            because:
                "\(row.learningRate) for 256 images a step, in proportion (Goyal et al., 2017), but not below that of "
                + "\(Self.leastForRate) images")
    }

    /// The batch size below which the learning rate is no longer reduced in proportion: it would be too small.
    private static let leastForRate = 32

    private mutating func chooseSchedule(steps: Double) {
        choose(\.schedule, .cosine, because: "falls to 0 over the run, whatever its length")
        guard asked.warmupEpochs == nil else { return }
        let warmup = min(max(Int(steps * 0.05), 1), 500)
        choose(
            \.warmupSteps, warmup,
            because: "the rate climbs over the first twentieth of the run, so that the first steps break nothing")
    }
}

// MARK: - The length

extension RecipeChoice {
    /// - Returns: the passes over the data that are expected.
    private mutating func chooseLength(seconds: Double, _ budget: PictureBudget, _ speed: Double?) -> Double {
        let expected = speed.map { budget.epochs(at: $0) } ?? 1
        if let epochs = asked.epochs { return Double(epochs) }
        guard asked.duration == nil, asked.steps == nil else { return expected }
        let most = facts.mostEpochs
        if expected >= Self.clearlyMore * Double(most), let speed {
            choose(
                \.epochs, most,
                because:
                    "more passes over \(Wording.grouped(facts.learnedCount)) pictures teach little; they take some "
                    + Wording.duration(seconds: Double(facts.learnedCount * most) / speed))
            return Double(most)
        }
        choose(
            \.time, max(seconds.rounded(.down), 1),
            because: "what is left of the time; some \(Wording.significant(expected)) epochs fit into it")
        return min(expected, Double(most) * Self.clearlyMore)
    }

    /// The factor by which the run's time must exceed that of the useful epochs before some of it is left unused.
    /// Speeds are not known more precisely.
    private static let clearlyMore = 1.5
}

extension DataFacts {
    /// The share of the pictures to hold out for testing, where the data have no test split.
    var heldOut: Double { testCount > 0 ? 0 : trainCount < 1000 ? 0.2 : 0.1 }

    /// The number of pictures that are trained on.
    var learnedCount: Int { max(Int(Double(trainCount) * (1 - heldOut)), 1) }

    /// The number of passes over the data beyond which a network learns little.
    var mostEpochs: Int { min(max(2_000_000 / learnedCount, 30), 200) }
}

/// The number of training pictures that can be seen in a time.
struct PictureBudget {
    private let facts: DataFacts
    private let seconds: Double

    /// The share of the time for evaluations and checkpoints.
    private static let shareBeside = 0.1

    init(_ facts: DataFacts, seconds: Double) {
        self.facts = facts
        self.seconds = seconds * (1 - Self.shareBeside)
    }

    /// - Parameter speed: images a second of steps alone.
    func pictures(at speed: Double) -> Double {
        guard let decoded = facts.decodedPerSecond else { return speed * seconds }
        guard facts.staysInMemory else { return seconds / (1 / speed + 1 / decoded) }
        // Each picture is decoded once.
        let all = Double(facts.trainCount)
        let first = all * (1 / speed + 1 / decoded)
        return first >= seconds ? seconds / (1 / speed + 1 / decoded) : all + (seconds - first) * speed
    }

    func epochs(at speed: Double) -> Double { pictures(at: speed) / Double(facts.learnedCount) }

    /// Whether a row's network learns more than the one before it, at this speed.
    func isEnough(for row: NetworkCandidate, at speed: Double) -> Bool {
        pictures(at: speed) >= row.leastPictures && epochs(at: speed) >= row.leastEpochs
    }

    /// Returns words such as `each picture is seen some 40 times`.
    func words(at speed: Double) -> String {
        "each picture can be seen some \(Wording.significant(epochs(at: speed))) times in the time"
    }
}

// MARK: - The data

extension RecipeChoice {
    /// The ratio of the largest class to the smallest from which classes are uneven.
    private static let unevenness = 1.5

    private mutating func chooseData() {
        if facts.heldOut > 0 {
            choose(
                \.validationFraction, facts.heldOut,
                because: "nothing says which pictures to test with"
                    + (facts.trainCount < 1000 ? ", and of so few a tenth would say little" : ""))
        }
        let counts = facts.classCounts
        if let least = counts.indices.min(by: { counts[$0] < counts[$1] }),
            let most = counts.indices.max(by: { counts[$0] < counts[$1] }),
            Double(counts[most]) > Self.unevenness * Double(counts[least])
        {
            choose(
                \.classWeights, .balanced,
                because: "\(Wording.shown(facts.classNames[least])) has \(Wording.grouped(counts[least])) pictures and "
                    + "\(Wording.shown(facts.classNames[most])) \(Wording.grouped(counts[most])): so all "
                    + "classes count alike"
            )
        }
        switch facts.kind {
        case .figures:
            choose(\.augmentation, .none, because: "small grey pictures may be letters: mirrored, they are others")
        case .small:
            choose(
                \.augmentation, .cropFlip, because: "moved by a few pixels and mirrored, a small picture shows the same"
            )
        case .photographs:
            choose(
                \.augmentation, .init(crop: .resized(least: 0.35, most: 1), flip: .random(0.5)),
                because:
                    "a part of a photograph, or its mirror image, shows the same; smaller parts teach little in short "
                    + "runs"
            )
        }
    }

    private mutating func chooseReports(batchSize: Int, _ speed: Double?) {
        guard let speed else { return }
        let steps = Int(speed / Double(batchSize) * Self.secondsOfReport)
        choose(
            \.logEvery, min(max(steps, 10), 100_000), because: "a line every few seconds, and at the end of each epoch")
    }

    /// Seconds between two reports, and between two checkpoints where epochs are short.
    private static let secondsOfReport = 5.0
    private static let secondsOfCheckpoint = 15.0

    private mutating func chooseCheckpoints(_ speed: Double?) {
        guard let speed else { return }
        let seconds = Double(facts.learnedCount) / speed
        guard seconds < Self.secondsOfCheckpoint / 2 else { return }
        choose(
            \.checkpointEvery, [.epochs(Int(Self.secondsOfCheckpoint / seconds))],
            because: "an epoch takes \(Wording.significant(seconds)) s: to save each would be much of the work")
    }
}
