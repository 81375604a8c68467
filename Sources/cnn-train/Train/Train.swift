import ArgumentParser
import Collectives
import Files
import Foundation
import Launching
import Recipes
import Runs
import Training

/// `cnn-train train`: a run from its recipe to its results.
struct TrainCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Trains a network. (What cnn-train does where no subcommand is named.)")

    @OptionGroup var recipe: RecipeArguments

    @Option(help: ArgumentHelp(Self.configSummary, valueName: "file.yaml"), transform: userPath)
    var config: [String] = []
    @Option(parsing: .unconditional, help: ArgumentHelp(Self.workersSummary)) var workers: Int?

    @Option(parsing: .unconditional, help: ArgumentHelp(Self.moreEpochsSummary, valueName: "n")) var moreEpochs: Int?

    static let moreEpochsSummary = """
        With `--resume`: goes on for so many epochs beyond the end of a run that is complete; one that is not goes \
        to its end.
        """
    static let configSummary = """
        A recipe in YAML with any of the other options; flags win over it. May be repeated, and a later one wins.
        """
    static let workersSummary = """
        Starts this many processes on this machine, as `launch -n` does. Works with every command that ranks share.
        """

    func validate() throws {
        // Where it can be followed it has been, before the command line was read.
        if workers != nil { throw ValidationError(LaunchError.launchedAlready.description) }
        guard moreEpochs != nil else { return }
        try checkRanges([("--more-epochs", moreEpochs, 1...1_000_000)])
        guard let resume = try recipe.flags().resume, resume != Recipe.Resume.none else {
            throw ValidationError("--more-epochs is for a run that goes on: say --resume too, and --output FOLDER")
        }
    }

    func run(in world: any Communicator) throws {
        StopRequest.listen(isAlone: !Launcher.isPresent)
        _ = try trainWatched(try Recipe.shared(in: world, resolved), in: world)
    }

    func resolved() throws -> Recipe {
        let flags = try recipe.flags()
        let asked = try Recipe.resolve(file: recipe.file(config, under: flags), flags: flags)
        if let moreEpochs { return try asked.goingOn(forMore: moreEpochs) }
        // A resumed run has chosen already.
        guard asked.choosesBatchSize || asked.choosesLearningRate,
            let earlier = try RunFolder.recipe(toResume: asked.resume, output: asked.output)
        else { return asked }
        return try asked.choosing(as: earlier)
    }
}

/// The options of a recipe.
struct RecipeArguments: ParsableArguments {
    @OptionGroup(title: RecipeKey.Section.network.rawValue) var network: NetworkOptions
    @OptionGroup(title: RecipeKey.Section.data.rawValue) var data: DataOptions
    @OptionGroup(title: RecipeKey.Section.data.rawValue) var loading: LoadingOptions
    @OptionGroup(title: RecipeKey.Section.optimization.rawValue) var optimization: OptimizationOptions
    @OptionGroup(title: RecipeKey.Section.optimizer.rawValue) var optimizer: OptimizerOptions
    @OptionGroup(title: RecipeKey.Section.loss.rawValue) var loss: LossOptions
    @OptionGroup(title: RecipeKey.Section.ranks.rawValue) var ranks: RankOptions
    @OptionGroup(title: RecipeKey.Section.machine.rawValue) var machine: MachineOptions
    @OptionGroup(title: RecipeKey.Section.results.rawValue) var results: ResultOptions
    @OptionGroup(title: RecipeKey.Section.checkpoints.rawValue) var checkpoints: CheckpointOptions

    @Option(
        name: .customLong("set"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(Self.setSummary, valueName: "key=value"))
    var settings: [String] = []

    static let setSummary = "Says any of these options by its key, the value in YAML: `lr=0.1`. May be repeated."

    /// Returns the values of the user's files; where a run is resumed without one, those of its own recipe.
    func file(_ configs: [String], under flags: RecipeOverrides) throws -> RecipeOverrides? {
        guard configs.isEmpty else { return try RecipeOverrides(contentsOf: configs) }
        return try flags.resume.flatMap { try RunFolder.recipe(toResume: $0, output: flags.output) }
    }

    /// Returns the values that the command line gives.
    func flags() throws -> RecipeOverrides {
        var flags = RecipeOverrides()
        let groups: [any RecipeFlags] = [
            network, data, loading, optimization, optimizer, loss, ranks, machine, results, checkpoints,
        ]
        for group in groups { try group.write(to: &flags) }
        for setting in settings { try flags.set(setting) }
        return flags
    }
}
