import ArgumentParser
import Checkpoints
import Datasets
import Exports
import Files
import Graphs
import Machine
import Networks
import Terminal
import Training

/// `cnn-train export`: a checkpoint's network in a format of other programs.
struct ExportCommand: LocalCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes a checkpoint's network for inference in other programs.")

    enum Format: String, CaseIterable, ExpressibleByArgument { case onnx }

    @Option(help: "What to write: onnx.") var format = Format.onnx
    @OptionGroup var file: NetworkFileArguments
    @Option(help: ArgumentHelp("The file to write.", valueName: "file"), transform: userPath) var output: String
    @Flag(help: "Makes batch norms part of the convolutions before them, where they can be.")
    var foldBatchNorm = false

    /// The most copies of the weights at one time: the message's, and two while its bytes are put together.
    private static let copies = 3

    func run() throws {
        try ONNXExport.checkName(output)
        let file = try file.read()
        let network = try file.network()
        let graph = try Graph(network: network, imageSize: file.imageSize, purpose: .evaluation)
        let fit = try file.fit(to: graph.parameters, of: network)
        let weights = fit.fitting.values.reduce(0) { $0 + $1.storage.count * MemoryLayout<Float>.stride }
        try MemoryCapacity.here.require(
            weights * Self.copies, for: "exporting \(file.model.name)",
            remedy: "Raise that limit, free memory, or export on another machine")
        let export = try ONNXExport(
            graph, name: file.model.name, tensors: Array(fit.fitting.values), foldsBatchNorm: foldBatchNorm,
            metadata: metadata(file))
        let bytes = try export.write(to: output)
        tell(file.notes(on: fit, of: network))
        print("\(output): \(file.model.name), \(export.nodeCount) nodes, \(Wording.bytes(bytes))")
    }

    /// Returns the exported description of the network: its classes, and how a picture becomes its input, as `predict`
    /// does it: its shorter side, and mean and deviation of pixels in 0 ... 1.
    private func metadata(_ file: NetworkFile) -> [(key: String, value: String)] {
        var metadata: [(key: String, value: String)] = ["model", "classes", "class_names", "image_size"].compactMap {
            key in file.metadata[key].map { (key, $0) }
        }
        if let data = file.trainingData { metadata.append(("data", data)) }
        if let texts = file.presentation()?.texts {
            for key in ["shorter_side", "interpolation", "exif_orientation"] {
                if let text = texts[key] { metadata.append((key, text)) }
            }
            for key in ["mean", "std"] {
                if let text = texts[key] { metadata.append((key, "[\(text)]")) }
            }
        }
        return metadata
    }
}
