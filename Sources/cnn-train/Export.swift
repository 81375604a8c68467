import ArgumentParser
import Checkpoints
import Exports
import Graphs
import Networks
import Recipes
import Training

/// `cnn-train export`: a checkpoint's network in a format of other programs.
struct ExportCommand: LocalCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes a checkpoint's network for inference in other programs.")

    enum Format: String, CaseIterable, ExpressibleByArgument { case onnx }

    @Option(help: "What to write: onnx.") var format = Format.onnx
    @Option(help: ArgumentHelp("A file of OUTPUT/checkpoints.", valueName: "file")) var checkpoint: String
    @Option(help: ArgumentHelp("The file to write.", valueName: "file")) var output: String
    @Flag(help: "Makes batch norms part of the convolutions before them, where they can be.")
    var foldBatchNorm = false

    func run() throws {
        let contents = try Checkpoint(contentsOf: checkpoint)
        let about = try contents.about(path: checkpoint)
        let network = try about.network()
        let graph = try Graph(network: network, imageSize: about.imageSize, purpose: .evaluation)
        let export = try ONNXExport(
            graph, name: about.model, tensors: contents.tensors, foldsBatchNorm: foldBatchNorm,
            metadata: metadata(contents, about))
        let bytes = try export.write(to: output)
        print("\(output): \(about.model), \(export.nodeCount) nodes, \(Wording.bytes(bytes))")
    }

    /// What the file says of the network: its classes, and how pixels in 0 ... 1 become its input.
    private func metadata(_ contents: Checkpoint, _ about: Checkpoint.About) throws -> [(key: String, value: String)] {
        let data = try Recipe.resolve(flags: RecipeOverrides(yaml: about.recipe, path: "\(checkpoint): recipe")).data
        var metadata: [(key: String, value: String)] = ["model", "classes", "class_names", "image_size"].compactMap {
            key in contents.metadata[key].map { (key, $0) }
        }
        metadata.append(("data", data))
        if let (mean, deviation) = Self.normalisation(of: data) {
            for (key, value) in [("mean", mean), ("std", deviation)] {
                let list = [String](repeating: value, count: about.inputChannels).joined(separator: ",")
                metadata.append((key, "[\(list)]"))
            }
        }
        return metadata
    }

    /// What is taken from pixels in 0 ... 1, and what they are then divided by, as the dataset does it; nil for data
    /// that are not pixels.
    private static func normalisation(of data: String) -> (mean: String, deviation: String)? {
        switch data.split(separator: ":").first {
        case "fashion-mnist": ("0.2860", "0.3530")
        case "shapes": ("0.5", "\(1 / 3.7)")
        default: nil
        }
    }
}
