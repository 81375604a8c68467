import ArgumentParser
import Collectives
import Files
import Recipes
import Runs
import Tensors
import Terminal
import Training

/// `cnn-train auto PATH`, or `cnn-train PATH`: a run for which only the pictures are given.
struct AutoCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "auto",
        abstract: "Trains on pictures, and chooses everything else. (What cnn-train does where a path stands first.)",
        discussion: """
            Network, image size, batch, optimizer, schedule and length follow from the pictures, from this machine's \
            measured speed and from --time, which is 10min where nothing is said. What is chosen is printed with its \
            reasons and written to OUTPUT/recipe.yaml, for cnn-train --config. Options count where they are given.

              cnn-train ./photos
              cnn-train ./photos --time 2min --output runs/photos
            """)

    @Argument(
        help: ArgumentHelp("A folder or file of pictures, as --data takes it.", valueName: "path"),
        transform: userDataset)
    var path: String
    @Flag(help: "Chooses, prints the recipe, and does not train.") var dryRun = false
    @OptionGroup var recipe: RecipeArguments

    func validate() throws {
        let flags = try recipe.flags()
        guard flags.data == nil else { throw ValidationError("the pictures are named twice: leave --data out") }
        guard flags.resume == nil else {
            throw ValidationError("a run that goes on has its recipe: say cnn-train --resume --output FOLDER")
        }
        try checkRanges { $0 = flags }
    }

    func run(in world: any Communicator) throws {
        StopRequest.listen(isAlone: !Launcher.isPresent)
        let console = Console(isQuiet: world.rank != 0)
        let asked = try recipe.flags()
        try together(world) {
            guard world.rank == 0, let output = asked.output, RunFolder(path: output).holdsRun else { return }
            throw TrainingError.outputTaken(path: output)
        }
        let choice = try showingOpening(on: sharedBar(in: world)) {
            try RecipeChoice.made(for: path, asked: asked, in: world, console: console)
        }
        if dryRun {
            if let choice { print(String(choice.yaml.dropLast())) }
            return
        }
        let chosen = try Recipe.shared(in: world) {
            // Only rank 0 is asked.
            guard let choice else { preconditionFailure("rank 0 has chosen nothing") }
            return try write(choice, asked: asked, console)
        }
        let outcome = try trainWatched(chosen, in: world)
        if world.rank == 0 { print(PhotographsEnding(outcome, data: path).text) }
    }

    /// Makes the run's folder, writes the choice into it and prints it.
    private func write(_ choice: RecipeChoice, asked: RecipeOverrides, _ console: Console) throws -> Recipe {
        let named = try choice.recipe()
        let folder = try RunFolder.new(asked: asked.output, model: named.model, data: named.data)
        try folder.write(choice: choice.yaml)
        console.say(choice.words)
        console.say("This is \(folder.choice.visible): cnn-train --config \(shellWord(folder.choice)) runs it again")
        console.say()
        return try choice.recipe(output: folder.path)
    }
}

extension AutoCommand {
    /// `cnn-train ./photos …` is `cnn-train auto ./photos …`.
    ///
    /// A path has a slash in it, or names something that is there and is no command.
    static func expanding(_ arguments: [String]) -> [String] {
        guard let first = arguments.first, !first.hasPrefix("-"), !isCommand(first),
            first.contains("/") || fileExists(first)
        else { return arguments }
        return [configuration.commandName ?? "auto"] + arguments
    }

    private static func isCommand(_ word: String) -> Bool {
        word == "help" || CNNTrain.configuration.subcommands.contains { $0.configuration.commandName == word }
    }
}
