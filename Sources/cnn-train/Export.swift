import ArgumentParser
import Checkpoints
import Datasets
import Exports
import Files
import Graphs
import Networks
import Training

/// `cnn-train export`: a checkpoint's network in a format of other programs.
struct ExportCommand: LocalCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes a checkpoint's network for inference in other programs.")

    enum Format: String, CaseIterable, ExpressibleByArgument { case onnx }

    @Option(help: "What to write: onnx.") var format = Format.onnx
    @Option(help: ArgumentHelp("A file of OUTPUT/checkpoints.", valueName: "file"), transform: userPath) var checkpoint:
        String
    @Option(help: ArgumentHelp("The file to write.", valueName: "file"), transform: userPath) var output: String
    @Flag(help: "Makes batch norms part of the convolutions before them, where they can be.")
    var foldBatchNorm = false

    func run() throws {
        try ONNXExport.checkName(output)
        let contents = try Checkpoint(contentsOf: checkpoint)
        let about = try contents.about(path: checkpoint)
        try contents.tensors.requireFinite(path: checkpoint)
        let network = try about.network()
        let graph = try Graph(network: network, imageSize: about.imageSize, purpose: .evaluation)
        let export = try ONNXExport(
            graph, name: about.model, tensors: contents.tensors, foldsBatchNorm: foldBatchNorm,
            metadata: metadata(contents, about))
        let bytes = try export.write(to: output)
        print("\(output): \(about.model), \(export.nodeCount) nodes, \(Wording.bytes(bytes))")
    }

    /// What the file says of the network: its classes, and how pixels in 0 ... 1 become its input, as `predict` does it.
    private func metadata(_ contents: Checkpoint, _ about: Checkpoint.About) throws -> [(key: String, value: String)] {
        let data = try about.trainingData(path: checkpoint)
        var metadata: [(key: String, value: String)] = ["model", "classes", "class_names", "image_size"].compactMap {
            key in contents.metadata[key].map { (key, $0) }
        }
        if let data { metadata.append(("data", data)) }
        if let normalisation = Normalisation.of(dataset: data, channels: about.inputChannels) {
            for (key, values) in [("mean", normalisation.means), ("std", normalisation.deviations)] {
                metadata.append((key, "[\(values.map(\.description).joined(separator: ","))]"))
            }
        }
        return metadata
    }
}
