import ArgumentParser
import Files
import Recipes

/// What `cnn-train train` takes about saving its state, and about going on from what was saved.
struct CheckpointOptions: ParsableArguments {
    @Option(
        defaultAsFlag: "auto", parsing: .next,
        help: ArgumentHelp(
            "Goes on from a checkpoint: of the output folder, if one is there; or of a file or folder.",
            valueName: "auto|file|dir"),
        transform: userPath)
    var resume: String?
    @Option(
        name: .customLong("override"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Lets a resumed run have another value of this key; may be repeated.", valueName: "key"))
    var overriddenKeys: [String] = []
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("When checkpoints are due; may be repeated.", valueName: "500steps|10min|1epoch"))
    var checkpointEvery: [IntervalArgument] = []
    @Option(parsing: .unconditional, help: "The newest checkpoints that stay.") var keepLast: Int?
    @Option(parsing: .unconditional, help: "The best checkpoints that stay, by test accuracy.") var keepBest: Int?
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The first checkpoint of each so many epochs stays for ever.", valueName: "10epochs"))
    var keepEvery: IntervalArgument?
    @Option(parsing: .unconditional, help: "zstd's level for checkpoints: -7 is fastest, 19 smallest.")
    var checkpointLevel: Int?
    @Option(help: "What a checkpoint does that is due while one is being written: wait or skip.")
    var checkpointBusy: Recipe.Checkpoints.Busy?
    @Option(help: "What a loss or gradient does to the run that is not finite: stop, skip or rewind.")
    var onNan: Recipe.NonFinitePolicy?

    /// Where to go on, as the flag says it.
    var place: Recipe.Resume? {
        resume.map { $0 == "auto" ? .auto : .from(path: $0) }
    }

    func write(to flags: inout RecipeOverrides) {
        flags.resume = place
        // A key may be spelled as its flag is.
        let keys = overriddenKeys.map { key in String(key.map { $0 == "-" ? "_" : $0 }) }
        flags.overriddenKeys = keys.isEmpty ? nil : keys
        let intervals = checkpointEvery.flatMap(\.intervals)
        flags.checkpointEvery = intervals.isEmpty ? nil : intervals
        flags.keepLast = keepLast
        flags.keepBest = keepBest
        flags.keepEvery = keepEvery?.intervals.first
        flags.checkpointLevel = checkpointLevel
        flags.checkpointBusy = checkpointBusy
        flags.onNonFinite = onNan
    }
}

/// `500steps`, or several: `500steps,10min`.
struct IntervalArgument: ExpressibleByArgument {
    let intervals: [Recipe.Interval]

    init?(argument: String) {
        let words = argument.split(separator: ",", omittingEmptySubsequences: false)
        intervals = words.compactMap { Recipe.Interval(String($0)) }
        guard intervals.count == words.count else { return nil }
    }
}

extension Recipe.Checkpoints.Busy: ExpressibleByArgument {}
extension Recipe.NonFinitePolicy: ExpressibleByArgument {}
