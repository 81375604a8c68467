import Engine
import Networks
import TestSupport
import Testing

/// Convolutions of few outputs compute two pixels side by side.
@Suite struct TwoPixelPackingTests {
    /// Maps of even and odd widths, of one pixel and of several strips; kernels of several rows and columns over one
    /// input and some.
    private static let layers: [(inputs: Int, outputs: Int, size: Int, kernel: Int, padding: Int)] = [
        (1, 6, 28, 5, 2), (1, 8, 7, 3, 1), (3, 1, 6, 2, 0), (3, 5, 9, 5, 1), (17, 8, 6, 3, 1), (2, 7, 4, 3, 0),
        (32, 4, 5, 3, 2), (1, 3, 70, 7, 3),
    ]

    @Test("two-pixel packing agrees with the references", .withOurKernels, arguments: layers.indices)
    func agreement(index: Int) throws {
        let layer = Self.layers[index]
        let specimen = try Specimen("paired", channels: layer.inputs, imageSize: layer.size) {
            $0.convolution("a", to: layer.inputs, kernel: 1)
                .convolution("b", to: layer.outputs, kernel: layer.kernel, padding: layer.padding).tanh()
        }
        let expectation = Expectation(specimen)
        for backend in try Backend.ours {
            let names = try kernels(specimen, backend)
            #expect(names.contains("convolveTwoPixels") && names.contains("twoPixelWeightGradient"))
            for sizes in [specimen.shardSizes(4), specimen.shardSizes(1)] {
                let engine = try specimen.engine(backend, shards: sizes.count)
                try expectation.check(engine, shardSizes: sizes, "\(backend), \(layer)")
            }
        }
    }

    @Test("layers that two-pixel packing does not fit are left alone", arguments: [(9, 3, 1), (8, 1, 1), (8, 3, 2)])
    func elsewhere(outputs: Int, kernel: Int, stride: Int) throws {
        let specimen = try Specimen("not paired", imageSize: 8) {
            $0.convolution("b", to: outputs, kernel: kernel, stride: stride)
        }
        #expect(try !kernels(specimen, .supported[0]).contains { $0.lowercased().contains("pair") })
    }

    private func kernels(_ specimen: Specimen, _ backend: Backend) throws -> [String] {
        try specimen.engine(backend).profile(
            specimen.batch(shardSizes: specimen.shardSizes(4)), globalSamples: specimen.samples, step: 0,
            sumOverRanks: nil
        ).calls.map(\.name)
    }
}
