import ArgumentParser
import Collectives
import Datasets
import Files
import Recipes
import Terminal
import Training

/// `cnn-train data`: the contents of a folder or file of images, and whether it can be trained on.
struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data",
        abstract: "Says what datasets are, checks and measures them, shows samples, and packs them.",
        subcommands: [Inspect.self, Verify.self, Stats.self, Preview.self, Pack.self])

    /// The choice of a dataset, for all of its commands.
    struct Choice: ParsableArguments {
        @Argument(
            help: ArgumentHelp(
                "A folder or file of images, or a dataset's name, as --data takes it.", valueName: "path"),
            transform: userDataset)
        var data: String
        @Option(\.validationFraction) var validationFraction: Double?

        func validate() throws { try checkRanges { $0.validationFraction = validationFraction } }

        var options: DatasetOptions {
            var options = DatasetOptions()
            if let validationFraction { options.validationFraction = validationFraction }
            return options
        }

        /// Returns the dataset's stored images.
        ///
        /// - Parameter isReadInOrder: whether samples are read in their `onlyOrder`, which compressed tar files have.
        func source(isReadInOrder: Bool = false) throws -> any Source {
            try showingOpening(on: ProgressBar()) {
                try Recognition(of: data, isReadInOrder: isReadInOrder).source(options)
            }
        }
    }
}
