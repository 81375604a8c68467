import ArgumentParser
import Checkpoints
import Files
import Terminal
import Training

extension CheckpointCommand {
    /// `cnn-train checkpoint diff`
    struct Diff: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "diff", abstract: "Says what differs between two checkpoints, to the bit.",
            discussion: "Ends with exit code 1 where something does.")

        @Argument(
            help: ArgumentHelp("A checkpoint, or a run's OUTPUT: its newest.", valueName: "file"), transform: userPath)
        var first: String
        @Argument(help: ArgumentHelp("Another.", valueName: "file"), transform: userPath) var second: String
        @Flag(help: "Compares the network's parameters and buffers alone.") var weights = false
        @Flag(help: "Prints one JSON object.") var json = false

        func run() throws {
            var pair = (try CheckpointFiles.any(first), try CheckpointFiles.any(second))
            if weights { pair = (pair.0.weightsAlone, pair.1.weightsAlone) }
            let difference = CheckpointDifference(pair.0, pair.1)
            print(json ? try JSONText(Report(difference)).text : Report(difference).text)
            if !difference.isEmpty { throw ExitCode(1) }
        }
    }

    private struct Report: Encodable {
        struct Text: Encodable {
            let key: String
            let first: String?
            let second: String?
        }

        struct Tensor: Encodable {
            let name: String
            let differs: String
            var count: Int?
            var of: Int?
            var largest: Double?
            var first: String?
            var second: String?
        }

        let metadata: [Text]
        let tensors: [Tensor]
        let same: Int

        init(_ difference: CheckpointDifference) {
            metadata = difference.metadata.map { Text(key: $0.key, first: $0.first, second: $0.second) }
            same = difference.same
            tensors = difference.tensors.map { name, difference in
                switch difference {
                case .onlyInFirst: Tensor(name: name, differs: "only in the first")
                case .onlyInSecond: Tensor(name: name, differs: "only in the second")
                case .notCompared(let type): Tensor(name: name, differs: "\(type) is not read")
                case .kind(let first, let second):
                    Tensor(name: name, differs: "kind", first: first, second: second)
                case .values(let count, let of, let largest):
                    Tensor(name: name, differs: "values", count: count, of: of, largest: largest)
                }
            }
        }

        var text: String {
            var lines = metadata.map { item in
                func side(_ text: String?) -> String {
                    guard let text else { return "-" }
                    let isLong = text.contains("\n") || text.count > 60
                    return isLong ? "(\(Wording.count(text.utf8.count, "byte")))" : text.visible
                }
                return "\(item.key.visible): \(side(item.first)) | \(side(item.second))"
            }
            lines += tensors.map { tensor in
                let name = tensor.name.visible
                if let count = tensor.count, let all = tensor.of, let largest = tensor.largest {
                    return "\(name): \(Wording.grouped(count)) of \(Wording.count(all, "number")) differ, "
                        + "by \(Wording.significant(largest)) at most"
                }
                if let first = tensor.first, let second = tensor.second {
                    return "\(name): \(first) | \(second)"
                }
                return "\(name): \(tensor.differs)"
            }
            lines.append("\(Wording.count(same, "tensor")) the same, \(Wording.grouped(tensors.count)) not")
            return lines.joined(separator: "\n")
        }
    }
}
