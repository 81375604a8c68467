@testable import Exports
import Graphs
import Networks
import Testing

@Suite("Folding of batch norm")
struct FoldingTests {
    /// Norms behind convolutions with and without bias, behind a linear layer, and before and after a sum.
    private static let residual: @Sendable (Features) -> Features = { images in
        let stem = images.convolution("conv1", to: 4, kernel: 3, padding: 1, bias: false).batchNorm("bn1").relu()
        let branch = stem.convolution("conv2", to: 4, kernel: 3, padding: 1).batchNorm("bn2", epsilon: 1e-3)
        return branch.add(stem).relu().batchNorm("bn3").adaptiveAveragePool(to: 1).flatten()
            .linear("fc1", to: 5).batchNorm("bn4").relu().linear("fc2", to: 3)
    }

    @Test("a folded network computes what the plain one does, to the rounding of its weights")
    func equivalence() throws {
        let specimen = try Specimen(Self.residual)
        let image = Specimen.numbers("image", 2 * 6 * 6).map(Double.init)
        let plain = try specimen.export()
        let folded = try specimen.export(foldsBatchNorm: true)
        let expected = Interpreter(model: plain.model).logits(image)
        let found = Interpreter(model: folded.model).logits(image)
        let magnitudes = Interpreter(model: plain.model, takesMagnitudes: true).logits(image)
        try #require(found.count == 3 && expected.count == 3)
        for index in expected.indices {
            // Three layers have folded weights, each of which was rounded once.
            let allowed = 3 * 0x1p-24 * magnitudes[index]
            #expect(abs(found[index] - expected[index]) <= allowed)
            // The bound would notice a norm that is not there.
            #expect(allowed < 1e-4 * abs(expected[index]))
        }
        #expect(found != expected)
    }

    @Test("norms right behind a convolution or linear layer disappear, others stay")
    func placement() throws {
        let specimen = try Specimen(Self.residual)
        func norms(_ export: ONNXExport) -> [String] {
            export.lines.filter { $0.hasPrefix("Batch") }.map { String($0.split(separator: " ").last ?? "") }
        }
        #expect(norms(try specimen.export()) == ["bn1", "bn2", "bn3", "bn4"])
        let folded = try specimen.export(foldsBatchNorm: true)
        #expect(norms(folded) == ["bn3"])
        #expect(folded.lines[0] == "Conv(input, conv1.weight, conv1.bias) -> bn1")
        #expect(!folded.initializerNames.contains { $0.hasPrefix("bn1.") })
    }

    @Test("a norm stays where something else reads the convolution too")
    func sharedConvolution() throws {
        let specimen = try Specimen {
            let conv = $0.convolution("conv", to: 2, kernel: 1)
            return conv.batchNorm("bn").add(conv).flatten().linear("fc", to: 3)
        }
        let lines = try specimen.export(foldsBatchNorm: true).lines
        #expect(lines == (try specimen.export().lines))
        #expect(lines.contains { $0.hasPrefix("BatchNormalization(conv, ") })
    }

    @Test("a norm that gives the class scores folds into them")
    func lastNorm() throws {
        let specimen = try Specimen { $0.flatten().linear("fc", to: 3).batchNorm("bn") }
        #expect(
            try specimen.export(foldsBatchNorm: true).lines == [
                "Flatten(input) -> flatten", "Gemm(flatten, fc.weight, fc.bias) -> logits",
            ])
    }

    @Test("scale and shift are those of the definition")
    func affine() {
        let norm = AffineNorm(weight: [3, -1], bias: [0.5, 2], mean: [2, 4], variance: [3, 15], epsilon: 1)
        #expect(norm.scale == [1.5, -0.25])
        #expect(norm.shift == [-2.5, 3])
        #expect(norm.folded(weights: [1, 2, 4, 8]) == [1.5, 3, -1, -2])
        #expect(norm.folded(bias: nil) == [-2.5, 3])
        #expect(norm.folded(bias: [1, 4]) == [-1, 2])
    }
}
