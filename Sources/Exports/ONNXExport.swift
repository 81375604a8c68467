package import Checkpoints
import FoundationEssentials
package import Graphs
import SwiftProtobuf
import Tensors

/// A network as an ONNX model, for inference elsewhere: opset 17 in IR version 8.
///
/// It takes `input`, float32 of shape [N, channels, height, width], and gives `logits`, [N, classes], for any N.
/// Initializers have the names and shapes of torchvision's state_dict.
/// (https://onnx.ai, "ONNX Operators", domain ai.onnx.)
package struct ONNXExport: Sendable {
    let model: ONNXModelProto

    /// The names that users of the file give and ask for.
    static let inputName = "input"
    static let outputName = "logits"
    static let operatorSet: Int64 = 17
    static let formatVersion: Int64 = 8

    /// Makes the ONNX model of `graph`.
    ///
    /// - Parameters:
    ///   - graph: an evaluation graph.
    ///   - name: the graph's name in the file.
    ///   - tensors: at least the parameters and running statistics; `num_batches_tracked` is not needed.
    ///   - foldsBatchNorm: whether batch norms right after a convolution or linear layer are folded into its weights.
    ///   - metadata: texts for the file, in this order.
    /// - Throws: for tensors that are missing or have another shape, and for layers that ONNX cannot express.
    package init(
        _ graph: Graph, name: String, tensors: [NamedTensor], foldsBatchNorm: Bool,
        metadata: [(key: String, value: String)] = []
    ) throws(ExportError) {
        precondition(graph.purpose == .evaluation, "a training graph is no model for inference")
        let folding = foldsBatchNorm ? graph.foldableNorms : [:]
        var writer = ONNXGraphWriter(graph: graph, tensors: tensors, folding: folding)
        writer.writeInputTransform()
        for index in graph.nodes.indices { try writer.write(index) }
        let image = graph[graph.input].shape
        model = .with { model in
            model.irVersion = Self.formatVersion
            model.producerName = "cnn-train"
            model.opsetImport = [ONNXOperatorSetIdProto(domain: "", version: Self.operatorSet)]
            model.metadataProps = metadata.map(ONNXStringStringEntryProto.init)
            model.graph = writer.finished(name: name)
            model.graph.input = [
                .batch(Self.inputName, dimensions: [image.channels, image.height, image.width])
            ]
            model.graph.output = [.batch(Self.outputName, dimensions: [graph[graph.logits].shape.count])]
        }
    }

    package var nodeCount: Int { model.graph.node.count }

    /// Returns the file's bytes: a function of graph, tensors and metadata alone.
    func bytes() throws -> Data { try model.serializedData() }

    /// Refuses a name with the ending of another kind of file.
    package static func checkName(_ path: String) throws(CheckpointError) {
        try FileEnding.check(path, content: "an ONNX model", expected: ".onnx")
    }

    /// Writes the file to `path`, whole or not at all.
    ///
    /// - Returns: Bytes in the file.
    @discardableResult
    package func write(to path: String) throws(ExportError) -> Int {
        let bytes: Data
        do {
            bytes = try self.bytes()
        } catch {
            throw .inexpressible(layer: model.graph.name, reason: "\(error)", remedy: "ONNX holds 2 GiB at most.")
        }
        do throws(CheckpointError) {
            try Self.checkName(path)
            try writeFile(bytes.bytes, to: path)
        } catch {
            throw .notWritten(error)
        }
        return bytes.count
    }
}
