import ArgumentParser
import Checkpoints
import Files
import Tensors
import Terminal
import Training

extension CheckpointCommand {
    /// `cnn-train checkpoint inspect`
    struct Inspect: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "inspect", abstract: "Shows what a checkpoint says of itself, and its tensors.",
            aliases: ["show"])

        @Argument(
            help: ArgumentHelp(
                "Checkpoints or any safetensors files; of a run's OUTPUT its newest.", valueName: "file"),
            transform: userPath)
        var paths: [String]
        @Flag(help: "Prints one JSON object a file.") var json = false

        func run() throws {
            for path in paths {
                let report = Report(path: path, checkpoint: try CheckpointFiles.any(path))
                if paths.count > 1 && !json { print("\(path.visible):") }
                print(json ? try JSONText(report).text : report.text)
            }
        }
    }

    fileprivate struct Report: Encodable {
        struct Tensor: Encodable {
            let name: String
            let type: String
            let shape: [Int]
            /// The mean; like the following properties, nil where the numbers are of an unsupported type.
            let mean: Double?
            let minimum: Double?
            let maximum: Double?
            /// Numbers that are infinite or none at all; the others do without them.
            let notFinite: Int?
            let sha256: String?
        }

        let path: String
        let metadata: [String: String]
        let parametersSha256: String
        let tensors: [Tensor]

        init(path: String, checkpoint: Checkpoint) {
            self.path = path
            metadata = checkpoint.metadata
            parametersSha256 = sha256(of: checkpoint.tensors)
            let stored = Dictionary(checkpoint.converted.map { (ExactName($0.name), $0.type.rawValue) }) { one, _ in one
            }
            tensors =
                checkpoint.allTensors.map { Tensor($0, type: stored[ExactName($0.name)] ?? $0.typeName) }
                + checkpoint.unread.map { Tensor($0) }
        }

        var text: String {
            var lines: [String] = []
            for (key, text) in metadata.sorted(by: { $0.key < $1.key }) {
                let parts = text.split(separator: "\n").map { String($0).visible }
                lines.append(parts.count > 1 ? "\(key.visible):" : "\(key.visible): \(text.visible)")
                if parts.count > 1 { lines += parts.map { "  \($0)" } }
            }
            lines.append("parameters_sha256: \(parametersSha256)\n")
            let rows = tensors.map { tensor in
                let shape = tensor.shape.map(String.init).joined(separator: "x")
                let notFinite = tensor.notFinite.map { count in count == 0 ? "" : "\(count) not finite" }
                return [
                    tensor.name.visible, tensor.type, shape.isEmpty ? "scalar" : shape,
                    tensor.mean.map(Wording.significant) ?? "", tensor.minimum.map(Wording.significant) ?? "",
                    tensor.maximum.map(Wording.significant) ?? "",
                    notFinite ?? "not read",
                ]
            }
            let head = ["tensor", "type", "shape", "mean", "minimum", "maximum", ""]
            lines.append(Wording.table([head] + rows, leading: 3, endsInWords: true))
            return lines.joined(separator: "\n")
        }
    }
}

extension CheckpointCommand.Report.Tensor {
    /// - Parameter type: as the file spells it.
    fileprivate init(_ tensor: NamedTensor, type: String) {
        name = tensor.name
        self.type = type
        shape = tensor.shape
        sha256 = Checkpoints.sha256(of: [tensor])
        var (sum, lowest, highest, count) = (0.0, Double.infinity, -Double.infinity, 0)
        func take(_ value: Double) {
            (sum, count) = (sum + value, count + 1)
            (lowest, highest) = (min(lowest, value), max(highest, value))
        }
        for value in tensor.floats ?? [] where value.isFinite { take(Double(value)) }
        for value in tensor.integers ?? [] { take(Double(value)) }
        notFinite = tensor.storage.count - count
        (mean, minimum, maximum) = count == 0 ? (0, 0, 0) : (sum / Double(count), lowest, highest)
    }

    fileprivate init(_ tensor: ListedTensor) {
        name = tensor.name
        type = tensor.type.rawValue
        shape = tensor.shape
        (mean, minimum, maximum, notFinite, sha256) = (nil, nil, nil, nil, nil)
    }
}
