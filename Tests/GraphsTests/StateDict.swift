import Foundation
import Testing

/// A state_dict as PyTorch lists it, one tensor a line: its name and its shape (`features.conv0.weight 64x3x7x7`).
///
/// `StateDicts/*.txt`, which Tests/Reference/list_state_dicts.py writes, has a line for each module: its name,
/// `weight`, `weight+bias` or `norm`, and its weight's shape.
struct StateDict {
    let tensors: [String]

    init(model: String) throws {
        let file = try StateDict.folder.appending(path: "\(model).txt")
        var tensors: [String] = []
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
            let parts = line.split(separator: " ")
            try #require(parts.count == 3, "\(file.lastPathComponent): \(line)")
            tensors += try StateDict.tensors(module: parts[0], kind: parts[1], shape: parts[2])
        }
        self.tensors = tensors
    }

    /// The models that there are files of.
    static func models() throws -> Set<String> {
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path())
        return Set(files.filter { $0.hasSuffix(".txt") }.map { String($0.dropLast(".txt".count)) })
    }

    private static var folder: URL {
        get throws { try #require(Bundle.module.url(forResource: "StateDicts", withExtension: nil)) }
    }

    private static func tensors(module: Substring, kind: Substring, shape: Substring) throws -> [String] {
        let outputs = shape.prefix { $0 != "x" }
        let weight = "\(module).weight \(shape)"
        switch kind {
        case "weight": return [weight]
        case "weight+bias": return [weight, "\(module).bias \(outputs)"]
        case "norm":
            let vectors = ["weight", "bias", "running_mean", "running_var"].map { "\(module).\($0) \(outputs)" }
            return vectors + ["\(module).num_batches_tracked "]
        default: throw UnknownKind(name: String(kind))
        }
    }

    private struct UnknownKind: Error { let name: String }
}
