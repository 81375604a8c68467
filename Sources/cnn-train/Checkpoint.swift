import ArgumentParser
import Checkpoints
import Networks
import Training

/// `cnn-train checkpoint`: files of weights, from others and for others.
struct CheckpointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoint", abstract: "Exports, imports and shows checkpoints.",
        subcommands: [Export.self, Import.self, Show.self])

    struct Export: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "export",
            abstract: "Writes a checkpoint's weights as plain safetensors, as torchvision names and shapes them.")

        @Option(help: ArgumentHelp("A file of OUTPUT/checkpoints.", valueName: "file")) var checkpoint: String
        @Option(help: ArgumentHelp("The file to write.", valueName: "file.safetensors")) var output: String

        func run() throws {
            let checkpoint = try Checkpoint(contentsOf: checkpoint)
            try checkpoint.exportWeights(to: output)
            print("\(output): \(Wording.count(checkpoint.tensors.count, "tensor"))")
        }
    }

    struct Import: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "import", abstract: "Makes a checkpoint of a file of weights that another program wrote.")

        @OptionGroup var arguments: ModelArguments
        @Option(help: ArgumentHelp("The weights: safetensors, plain or in zstd.", valueName: "file")) var input: String
        @Option(help: ArgumentHelp("The checkpoint to write.", valueName: "file.safetensors.zst")) var output: String
        @Flag(help: "Leaves out what does not fit, and draws what the network then lacks.")
        var initSkipMismatched = false

        func run() throws {
            let result = try WeightsImport(
                contentsOf: input, model: arguments.choice, classes: arguments.classes,
                imageSize: arguments.imageSize, skipsMismatched: initSkipMismatched)
            try result.checkpoint.write(to: output)
            for misfit in result.misfits { print("skipped: \(misfit)") }
            print("\(output): \(arguments.model), \(Wording.count(result.checkpoint.tensors.count, "tensor"))")
        }
    }

    struct Show: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Shows what a checkpoint says of itself, and its tensors.")

        @Option(help: ArgumentHelp("A checkpoint, or any safetensors file.", valueName: "file")) var checkpoint: String

        func run() throws {
            let checkpoint = try Checkpoint(contentsOf: checkpoint)
            for (key, text) in checkpoint.metadata.sorted(by: { $0.key < $1.key }) {
                let lines = text.split(separator: "\n")
                print(lines.count > 1 ? "\(key):" : "\(key): \(text)")
                if lines.count > 1 { for line in lines { print("  \(line)") } }
            }
            print()
            let tensors = checkpoint.tensors + checkpoint.optimizer
            let width = tensors.map(\.name.count).max() ?? 0
            for tensor in tensors {
                let shape = tensor.shape.map(String.init).joined(separator: "x")
                print(tensor.name.column(width, isLeading: true) + "  " + (shape.isEmpty ? "scalar" : shape))
            }
        }
    }
}
