import Checkpoints
@testable import Exports
import FoundationEssentials
import Graphs
import Networks
import SwiftProtobuf
import Testing

@Suite("ONNX export")
struct ONNXExportTests {
    @Test("the file's bytes parse back to the model")
    func roundTrip() throws {
        let specimen = try Specimen { $0.convolution("conv", to: 2, kernel: 3).relu6().flatten().linear("fc", to: 3) }
        let export = try ONNXExport(
            specimen.graph, name: "specimen", tensors: specimen.tensors, foldsBatchNorm: false,
            metadata: [("classes", "3"), ("class_names", #"["a","b","c"]"#)])
        let bytes = try export.bytes()
        let model = try ONNXModelProto(serializedBytes: bytes)
        #expect(model == export.model)
        // Field 1, a number: 8. Field 2, nine bytes.
        #expect(Array(bytes.prefix(13)) == [0x08, 8, 0x12, 9] + Array("cnn-train".utf8))
        #expect(model.opsetImport.map(\.version) == [17])
        #expect(model.metadataProps.map(\.key) == ["classes", "class_names"])
        #expect(model.graph.name == "specimen")
    }

    @Test("initializers are the state_dict's tensors, the input and output have a batch of any size")
    func interface() throws {
        let specimen = try Specimen { $0.convolution("conv", to: 4, kernel: 3).flatten().linear("fc", to: 3) }
        let graph = try specimen.export().model.graph
        for (initializer, tensor) in zip(graph.initializer, specimen.tensors) {
            #expect(initializer.name == tensor.name)
            #expect(initializer.dims == tensor.shape.map(Int64.init))
            #expect(initializer.floatData == tensor.floats)
        }
        #expect(graph.initializer.count == 4)
        func shape(_ value: ONNXValueInfoProto?) -> [String] {
            (value?.type.tensorType.shape.dim ?? []).map { $0.dimParam.isEmpty ? "\($0.dimValue)" : $0.dimParam }
        }
        #expect(graph.input.map(\.name) == ["input"])
        #expect(shape(graph.input.first) == ["N", "2", "6", "6"])
        #expect(graph.output.map(\.name) == ["logits"])
        #expect(shape(graph.output.first) == ["N", "3"])
    }

    @Test("each layer becomes its ONNX operator, in order")
    func operators() throws {
        let specimen = try Specimen(imageSize: 16) { images in
            let stem = images.convolution("conv", to: 4, kernel: 3, padding: 1, groups: 2, bias: false).batchNorm("bn")
                .relu().maxPool(kernel: 2)
            let branch = stem.relu6().averagePool(kernel: 3, stride: 1, padding: 1)
                .localResponseNormalization(size: 3).relu6()
            return stem.add(branch).concatenate(branch).sigmoid().dropout(rate: 0.5).adaptiveAveragePool(to: 4)
                .flatten()
                .tanh().linear("fc1", to: 5).tanh().linear("fc2", to: 3, bias: false).gelu().scaled(by: 0.5)
        }
        #expect(
            try specimen.export().lines == [
                "Conv(input, conv.weight) -> conv",
                "BatchNormalization(conv, bn.weight, bn.bias, bn.running_mean, bn.running_var) -> bn",
                "Relu(bn) -> relu",
                "MaxPool(relu) -> maxpool",
                "Clip(maxpool, relu6.min, relu6.max) -> relu6",
                "AveragePool(relu6) -> avgpool",
                "LRN(avgpool) -> norm",
                "Clip(norm, relu6.min, relu6.max) -> relu6_2",
                "Add(maxpool, relu6_2) -> add",
                "Concat(add, relu6_2) -> concatenate",
                "Sigmoid(concatenate) -> sigmoid",
                "AveragePool(sigmoid) -> avgpool_2",
                "Tanh(avgpool_2) -> tanh",
                "Flatten(tanh) -> flatten",
                "Gemm(flatten, fc1.weight, fc1.bias) -> fc1",
                "Tanh(fc1) -> tanh_2",
                "Gemm(tanh_2, fc2.weight) -> fc2",
                "Mul(fc2, gelu.root_half) -> gelu.scaled",
                "Erf(gelu.scaled) -> gelu.erf",
                "Add(gelu.erf, gelu.one) -> gelu.sum",
                "Mul(fc2, gelu.sum) -> gelu.product",
                "Mul(gelu.product, gelu.half) -> gelu",
                "Mul(gelu, scale.factor) -> logits",
            ])
    }

    @Test("attributes say groups, strides, pads, padding's share and the norm's numbers")
    func attributes() throws {
        let export = try Specimen(imageSize: 9) {
            $0.convolution("conv", to: 4, kernel: 3, stride: 2, padding: 1, groups: 2).batchNorm("bn", epsilon: 0.25)
                .localResponseNormalization(size: 5, alpha: 0.5, beta: 0.25, k: 2)
                .averagePool(kernel: 2, stride: 1, padding: 1).flatten().linear("fc", to: 3)
        }.export()
        #expect(
            export.attributes(of: "Conv") == [
                "kernel_shape": "[3, 3]", "strides": "[2, 2]", "pads": "[1, 1, 1, 1]", "group": "2",
            ])
        #expect(export.attributes(of: "BatchNormalization") == ["epsilon": "0.25"])
        #expect(export.attributes(of: "LRN") == ["size": "5", "alpha": "0.5", "beta": "0.25", "bias": "2.0"])
        #expect(
            export.attributes(of: "AveragePool") == [
                "kernel_shape": "[2, 2]", "strides": "[1, 1]", "pads": "[1, 1, 1, 1]", "count_include_pad": "1",
            ])
        #expect(export.attributes(of: "Flatten") == ["axis": "1"])
        #expect(export.attributes(of: "Gemm") == ["transB": "1"])
    }

    @Test(
        "ceil mode is asked for where it adds a window",
        arguments: [
            // 0-1, 2-3 and 4; without ceil mode the last is left out.
            (size: 5, kernel: 2, stride: 2, padding: 0, adds: true), (6, 2, 2, 0, false),
            // A third window would begin in the padding behind, where PyTorch has none.
            (size: 4, kernel: 2, stride: 3, padding: 1, adds: false),
        ])
    func ceilMode(size: Int, kernel: Int, stride: Int, padding: Int, adds: Bool) throws {
        let export = try Specimen(imageSize: size) {
            $0.maxPool(kernel: kernel, stride: stride, padding: padding, ceilMode: true).flatten().linear("fc", to: 3)
        }.export()
        #expect(export.attributes(of: "MaxPool")["ceil_mode"] == (adds ? "1" : nil))
    }

    @Test("an adaptive pool is nothing, one average, equal parts, or two matrices")
    func adaptivePools() throws {
        func lines(to size: Int) throws -> [String] {
            try Specimen { $0.relu().adaptiveAveragePool(to: size).flatten().linear("fc", to: 3) }.export().lines
        }
        #expect(try lines(to: 6)[1] == "Flatten(relu) -> flatten")
        #expect(try lines(to: 1)[1] == "GlobalAveragePool(relu) -> avgpool")
        #expect(try lines(to: 3)[1] == "AveragePool(relu) -> avgpool")
        #expect(
            try lines(to: 4)[1...2] == [
                "MatMul(avgpool.rows, relu) -> avgpool.averaged_rows",
                "MatMul(avgpool.averaged_rows, avgpool.columns) -> avgpool",
            ])
    }

    @Test("the matrices of an uneven adaptive pool average what PyTorch's windows hold")
    func unevenAverages() throws {
        let export = try Specimen(imageSize: 3) { $0.adaptiveAveragePool(to: 2).flatten().linear("fc", to: 3) }.export()
        let matrices = export.model.graph.initializer.filter { $0.name.hasPrefix("avgpool.") }
        try #require(matrices.map(\.dims) == [[2, 3], [3, 2]])
        #expect(matrices[0].floatData == [0.5, 0.5, 0, 0, 0.5, 0.5])
        #expect(matrices[1].floatData == [0.5, 0, 0.5, 0.5, 0, 0.5])
    }

    @Test("a network that ends in a map gives vectors")
    func convolutionalHead() throws {
        let export = try Specimen { $0.convolution("conv", to: 3, kernel: 1).adaptiveAveragePool(to: 1).flatten() }
            .export()
        #expect(export.lines.last == "Flatten(avgpool) -> logits")
    }

    @Test("names are unique and read only once written, for every model of the zoo", .serialized, arguments: zoo)
    func wellFormed(model: String) throws {
        let description = try Zoo.model(named: model)
        let network = try description.network()
        let size = max(network.smallestImageSize() ?? 0, 32)
        let graph = try Graph(network: network, imageSize: size, purpose: .evaluation)
        let tensors = graph.parameters.map {
            NamedTensor(
                name: $0.name, shape: $0.shape, storage: .float32([Float](repeating: 0, count: $0.count)))
        }
        let file = try ONNXExport(graph, name: model, tensors: tensors, foldsBatchNorm: false).model.graph
        var names: Set<String> = ["input"]
        for tensor in file.initializer { #expect(names.insert(tensor.name).inserted, "\(tensor.name)") }
        for node in file.node {
            for input in node.input { #expect(names.contains(input), "\(node.name) reads \(input)") }
            #expect(names.insert(node.output[0]).inserted, "\(node.name)")
        }
        #expect(names.contains("logits"))
        let read = Set(file.node.flatMap(\.input))
        for tensor in file.initializer { #expect(read.contains(tensor.name), "nothing reads \(tensor.name)") }
    }

    private static let zoo = Zoo.models.map(\.name)
}

@Suite("ONNX export's errors")
struct ExportErrorTests {
    private let specimen: Specimen

    init() throws {
        specimen = try Specimen { $0.flatten().linear("fc", to: 3) }
    }

    @Test("what images go through first is a product and a sum of each channel")
    func inputTransform() throws {
        let model = try Zoo.model(named: "googlenet")
        let options = try model.options(from: ["transform_input": "true"])
        let export = try Specimen(model.network(classes: 2, options: options), imageSize: 32).export()
        #expect(
            Array(export.lines.prefix(2)) == [
                "Mul(input, transform_input.scale) -> transform_input.mul",
                "Add(transform_input.mul, transform_input.shift) -> transform_input.add",
            ])
        #expect(export.lines[2].hasPrefix("Conv(transform_input.add, conv1.conv.weight"))
        let scale = export.model.graph.initializer.first { $0.name == "transform_input.scale" }
        #expect(scale?.dims == [1, 3, 1, 1] && scale?.floatData == [0.458, 0.448, 0.45])
    }

    @Test("a tensor that is missing, of another shape or of another type is named")
    func tensors() throws {
        func error(with tensors: [NamedTensor]) throws -> ExportError? {
            #expect(throws: ExportError.self) {
                try ONNXExport(specimen.graph, name: "x", tensors: tensors, foldsBatchNorm: false)
            }
        }
        let bias = specimen.tensors[1]
        #expect(try error(with: [bias]) == .noTensor(name: "fc.weight", expected: [3, 72]))
        let short = NamedTensor(
            name: "fc.weight", shape: [2, 72], storage: .float32([Float](repeating: 0, count: 144)))
        #expect(try error(with: [short, bias]) == .otherTensor(name: "fc.weight", found: [2, 72], expected: [3, 72]))
        let whole = NamedTensor(name: "fc.weight", shape: [3, 72], storage: .int64([Int64](repeating: 0, count: 216)))
        #expect(try error(with: [whole, bias]) == .otherTensor(name: "fc.weight", found: nil, expected: [3, 72]))
    }

    @Test("local response normalisation over an even number of channels is refused by name")
    func evenResponseNormalization() throws {
        let specimen = try Specimen {
            $0.localResponseNormalization("lrn", size: 4).flatten().linear("fc", to: 3)
        }
        let error = #expect(throws: ExportError.self) { try specimen.export() }
        #expect(error?.description.contains("Layer lrn") == true)
    }

    @Test("a file that cannot be written is an error that names it")
    func unwritable() throws {
        let export = try specimen.export()
        let error = #expect(throws: ExportError.self) { try export.write(to: "/nowhere/at/all.onnx") }
        #expect(error?.description.contains("/nowhere/at/all.onnx") == true)
        #expect(error?.description.contains("No such file") == true)
    }
}
