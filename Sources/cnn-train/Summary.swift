import ArgumentParser
import Engine
import Foundation
import Graphs
import Networks
import Tensors
import Terminal
import Training

/// `cnn-train summary`: a model layer by layer.
struct SummaryCommand: LocalCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary", abstract: "Shows a model's layers, their shapes, parameters and work.")

    @OptionGroup var arguments: ModelArguments
    @Flag(help: "Prints one JSON object.") var json = false

    func run() throws {
        let description = try Zoo.model(named: arguments.model)
        let size = arguments.imageSize ?? description.defaultImageSize
        let network = try arguments.choice.network(classes: arguments.classes)
        let summary = try Summary(network: network, imageSize: size)
        let memory = try Memory(network, imageSize: size)
        if json {
            print(try SummaryObject(description, network, imageSize: size, summary, memory).text())
            return
        }
        print("\(description.name) for images of \(size)x\(size)x\(network.inputChannels), \(network.classes) classes")
        print(description.paper)
        print()
        printTable(summary)
        print()
        printTotals(summary, memory)
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

    private func printTotals(_ summary: Summary, _ memory: Memory) {
        let bytes = MemoryLayout<Float>.stride * summary.parameters
        let rows = [
            ("parameters", Wording.grouped(summary.parameters)),
            ("multiply-adds", "\(Wording.scaled(Double(summary.multiplyAdds))) an image, forward"),
            (
                "memory",
                "parameters \(Wording.bytes(bytes)), gradients \(Wording.bytes(bytes)), "
                    + "optimizer \(Wording.bytes(bytes))"
            ),
            (
                "activations",
                "\(Wording.bytes(memory.forward)) forward, \(Wording.bytes(memory.forwardAndBackward)) forward and "
                    + "backward, for each image of a rank's batch, of "
                    + "\(Wording.bytes(MemoryLayout<Float>.stride * summary.outputCount)) that the layers put out"
            ),
        ]
        for (label, text) in rows { print(label.column(15, isLeading: true) + text) }
    }
}

/// Bytes that our plans set aside for one image: activations, and in training their gradients, which share memory where
/// lifetimes allow.
struct Memory {
    let forward: Int
    let forwardAndBackward: Int

    init(_ network: Network, imageSize: Int) throws {
        let evaluation = try Graph(network: network, imageSize: imageSize, purpose: .evaluation)
        let training = try Graph(network: network, imageSize: imageSize, purpose: .training)
        let configuration = EngineConfiguration(
            backend: Backend.supported.first ?? .openblas, threads: 1, shards: 1, shardCapacity: 1,
            evaluationCapacity: 1, seed: 0)
        func bytes(_ training: Graph?) -> Int {
            EngineLayout(training: training, evaluation: evaluation, configuration: configuration).activationBytes
        }
        forward = bytes(nil)
        forwardAndBackward = bytes(training)
    }
}

/// A summary for programs.
private struct SummaryObject: Encodable {
    struct Layer: Encodable {
        let name: String
        let type: String
        /// Height, width, channels.
        let output: [Int]
        let parameters: Int
        let multiply_adds: Int
    }

    let name: String
    let paper: String
    let image_size: Int
    let channels: Int
    let classes: Int
    let parameters: Int
    let multiply_adds: Int
    let parameter_bytes: Int
    let forward_bytes: Int
    let forward_and_backward_bytes: Int
    let layers: [Layer]

    init(
        _ description: ModelDescription, _ network: Network, imageSize: Int, _ summary: Summary, _ memory: Memory
    ) {
        name = description.name
        paper = description.paper
        image_size = imageSize
        channels = network.inputChannels
        classes = network.classes
        parameters = summary.parameters
        multiply_adds = summary.multiplyAdds
        parameter_bytes = MemoryLayout<Float>.stride * summary.parameters
        forward_bytes = memory.forward
        forward_and_backward_bytes = memory.forwardAndBackward
        layers = summary.rows.map { row in
            Layer(
                name: row.layer, type: row.type, output: [row.output.height, row.output.width, row.output.channels],
                parameters: row.parameters, multiply_adds: row.multiplyAdds)
        }
    }

    func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
