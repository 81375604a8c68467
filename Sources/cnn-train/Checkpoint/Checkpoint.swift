import ArgumentParser
import Checkpoints
import Files
import Networks
import Recipes
import Terminal
import Training

/// `cnn-train checkpoint`: inspection of files of weights, ours and other programs', and their conversion.
struct CheckpointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint", abstract: "Looks into checkpoints, checks, compares, converts and averages them.",
        subcommands: [Inspect.self, Verify.self, Diff.self, Export.self, Import.self, Average.self])

    struct Export: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "export",
            abstract: "Writes a checkpoint's weights as plain safetensors, as torchvision names and shapes them.")

        @Argument(
            help: ArgumentHelp("A checkpoint, or a run's OUTPUT: its newest.", valueName: "file"), transform: userPath)
        var path: String
        @Option(help: ArgumentHelp("The file to write.", valueName: "file.safetensors"), transform: userPath)
        var output: String
        @Flag(help: "Writes the averages over time instead, where the run keeps them.") var averaged = false
        @Flag(help: "Prints one JSON object.") var json = false

        func run() throws {
            var checkpoint = try CheckpointFiles.any(path)
            if averaged {
                guard !checkpoint.averaged.isEmpty else { throw ValidationError("\(path): no averages are in it") }
                checkpoint = checkpoint.withAverages
            }
            try checkpoint.exportWeights(to: output)
            let count = checkpoint.tensors.count
            tell(
                checkpoint.unread.map {
                    "left out: \(Wording.shown($0.name)), whose type \($0.type.rawValue) is not read"
                })
            print(
                json
                    ? try JSONText(["output": output, "tensors": "\(count)"]).text
                    : "\(output): \(Wording.count(count, "tensor"))")
        }
    }

    struct Import: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "import", abstract: "Makes a checkpoint of a file of weights that another program wrote.")

        @OptionGroup var arguments: ModelArguments
        @Option(
            help: ArgumentHelp("The weights: safetensors, plain or in zstd, or a .pth of PyTorch.", valueName: "file"),
            transform: userPath)
        var input: String
        @Option(help: ArgumentHelp("The checkpoint to write.", valueName: "file.safetensors.zst"), transform: userPath)
        var output: String
        @Flag(\.initSkipMismatched) var initSkipMismatched = false
        @Flag(\.initForce) var initForce = false

        func run() throws {
            let result = try WeightsImport(
                contentsOf: input, model: arguments.choice, classes: arguments.classes,
                imageSize: arguments.imageSize, skipsMismatched: initSkipMismatched, isForced: initForce)
            try result.checkpoint.write(to: output)
            for note in result.notes { print("note: \(note.visible)") }
            for misfit in result.misfits { print("skipped: \(misfit.description.visible)") }
            print("\(output): \(arguments.model), \(Wording.count(result.checkpoint.tensors.count, "tensor"))")
        }
    }

    struct Average: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "average", abstract: "Writes the mean of several checkpoints of one network.",
            discussion:
                "Running statistics of batch norms are averaged too; they were measured with each file's own weights.")

        @Argument(help: ArgumentHelp("Checkpoints.", valueName: "file"), transform: userPath) var paths: [String]
        @Option(help: ArgumentHelp("The checkpoint to write.", valueName: "file.safetensors.zst"), transform: userPath)
        var output: String
        @Flag(help: "Prints one JSON object.") var json = false

        func run() throws {
            let checkpoints = try paths.map { (path: $0, checkpoint: try CheckpointFiles.any($0)) }
            for (path, checkpoint) in checkpoints { try checkpoint.tensors.requireFinite(path: path) }
            let average = try Checkpoint.average(of: checkpoints)
            tell(
                try Checkpoint.presentationDifferences(of: checkpoints).map { path, keys in
                    "the network of \(path) was shown pictures otherwise than the first "
                        + "(\(keys.joined(separator: ", "))): the mean says what the newest says"
                })
            try average.write(to: output)
            let digest = sha256(of: average.tensors)
            print(
                json
                    ? try JSONText(["output": output, "files": "\(paths.count)", "parameters_sha256": digest]).text
                    : "\(output): the mean of \(Wording.count(paths.count, "file")), parameters \(digest)")
        }
    }
}

/// The checkpoints that a path on the command line means.
enum CheckpointFiles {
    /// Loads the file or, for a folder, the newest checkpoint in it. Files of other programs are accepted.
    static func any(_ path: String) throws -> Checkpoint {
        guard Verification.isFolder(path) else { return try Checkpoint(contentsOf: path) }
        do {
            return try CheckpointDirectory.load(path).checkpoint
        } catch CheckpointError.noneFound {
            throw CheckpointError.nothingThere(folder: path)
        }
    }
}
