import Engine
import Graphs
import Networks
import TestSupport
import Testing

/// The engine's gradients are slopes of the loss. No backward code but the engine's own is looked at: the differences
/// are of losses of the interpreter's forward pass, in Double.
@Suite struct CentralDifferencesTests {
    static let specimens: [Specimen] = [
        try? Specimen("plain", channels: 1, imageSize: 5, samples: 3, classes: 3) {
            $0.convolution("a", to: 3, kernel: 3, stride: 2, padding: 1).sigmoid().convolution("b", to: 2, kernel: 2)
        },
        try? Specimen("normalised", channels: 2, imageSize: 4, samples: 4, classes: 3) {
            $0.convolution("a", to: 3, kernel: 3, padding: 1, bias: false).batchNorm("n").relu()
                .averagePool(kernel: 2).convolution("b", to: 4, kernel: 1, bias: false).batchNorm("m")
        },
        try? Specimen("joined", channels: 2, imageSize: 4, samples: 3, classes: 3) {
            let x = $0.convolution("a", to: 3, kernel: 3, padding: 1)
            return x.add(x.sigmoid()).concatenate(x.convolution("b", to: 2, kernel: 1)).sigmoid()
        },
    ].compactMap { $0 }

    @Test("gradients equal central differences of the loss", arguments: specimens)
    func gradients(specimen: Specimen) throws {
        let graph = specimen.training
        let interpreter = GraphInterpreter(graph)
        let images = specimen.images.map(Double.init)
        let parameters = specimen.parameters.map { $0.1.map(Double.init) }
        let tolerance = Tolerance(graph, samples: specimen.samples)
        let engine = try specimen.engine(.supported[0])
        let batch = specimen.batch(shardSizes: specimen.shardSizes(4))
        _ = try engine.train(batch, globalSamples: specimen.samples, step: 0, sumOverRanks: nil)
        for id in graph.trainable {
            let slopes = centralDifferences(at: parameters[id.index]) {
                var moved = parameters
                moved[id.index] = $0
                return interpreter.run(images: images, labels: specimen.labels, parameters: moved).loss
            }
            // The differences' own error is a millionth of the engine's.
            let deviation = Deviation(of: engine.gradient(of: id), from: slopes)
            #expect(deviation.element <= tolerance.backward, "\(graph[id].name): \(deviation)")
        }
    }

    @Test("specimens are all there") func count() { #expect(Self.specimens.count == 3) }
}
