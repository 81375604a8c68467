import ArgumentParser
import Engine
import Graphs
import Networks
import Tensors
import Training

/// `cnn-train summary`: a model layer by layer.
struct SummaryCommand: LocalCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary", abstract: "Shows a model's layers, their shapes, parameters and work.")

    @Option(help: "The network; `cnn-train models` lists them.") var model: String
    @Option(help: "Height and width of the images in pixels.") var imageSize: Int?
    @Option(help: "Outputs of the network.") var classes: Int?

    func validate() throws { try checkPositive([("--image-size", imageSize), ("--classes", classes)]) }

    func run() throws {
        let description = try Zoo.model(named: model)
        let size = imageSize ?? description.defaultImageSize
        let network = try description.network(classes: classes)
        let summary = try Summary(network: network, imageSize: size)
        print("\(description.name) for images of \(size)x\(size)x\(network.inputChannels), \(network.classes) classes")
        print(description.paper)
        print()
        printTable(summary)
        print()
        printTotals(summary, activationBytes: try activationBytes(network, imageSize: size))
    }

    private func printTable(_ summary: Summary) {
        let head = ["layer", "type", "output", "parameters", "multiply-adds"]
        let body = summary.rows.map { row in
            [
                row.layer, row.type, "\(row.output)", row.parameters == 0 ? "" : Wording.grouped(row.parameters),
                row.multiplyAdds == 0 ? "" : Wording.grouped(row.multiplyAdds),
            ]
        }
        let widths = head.indices.map { column in ([head] + body).map { $0[column].count }.max() ?? 0 }
        for cells in [head] + body {
            let line = cells.indices.map { cells[$0].column(widths[$0], isLeading: $0 < 2) }.joined(separator: "  ")
            print(line)
        }
    }

    /// What a training plan sets aside for each image: activations and their gradients, shared where lifetimes allow.
    private func activationBytes(_ network: Network, imageSize: Int) throws -> Int {
        let engine = try Engine(
            training: Graph(network: network, imageSize: imageSize, purpose: .training),
            evaluation: Graph(network: network, imageSize: imageSize, purpose: .evaluation),
            configuration: EngineConfiguration(
                backend: Backend.supported.first ?? .openblas, threads: 1, shards: 1, shardCapacity: 1,
                evaluationCapacity: 1, seed: 0))
        return engine.activationBytes
    }

    private func printTotals(_ summary: Summary, activationBytes: Int) {
        let bytes = MemoryLayout<Float>.stride * summary.parameters
        let rows = [
            ("parameters", Wording.grouped(summary.parameters)),
            ("multiply-adds", "\(Wording.scaled(Double(summary.multiplyAdds))) an image, forward"),
            (
                "memory",
                "parameters \(Wording.bytes(bytes)), gradients \(Wording.bytes(bytes)), optimizer \(Wording.bytes(bytes))"
            ),
            (
                "activations",
                "\(Wording.bytes(activationBytes)) for each image of a rank's batch, "
                    + "of \(Wording.bytes(MemoryLayout<Float>.stride * summary.outputCount)) that the layers put out"
            ),
        ]
        for (label, text) in rows { print(label.column(15, isLeading: true) + text) }
    }
}
