import Engine
import Graphs
import Networks
import Tensors
import TestSupport
import Testing

/// The guarantee for communication during the backward pass: gradients that are reported as final stay the same.
@Suite struct GradientProgressTests {
    private static let specimens = Specimens.joints + Specimens.norms.prefix(3) + Specimens.groups.prefix(2)

    @Test("gradients that are reported as final do not change afterwards", arguments: specimens)
    func final(specimen: Specimen) throws {
        for backend in Backend.supported {
            let engine = try specimen.engine(backend)
            let lent = engine.lendGradients()
            var told: [[UInt32]] = []
            let batch = specimen.batch(shardSizes: specimen.shardSizes(4))
            _ = try engine.train(batch, globalSamples: specimen.samples, step: 0, sumOverRanks: nil) { count in
                told.append(lent.withMutableSpan(0..<count) { span in span.indices.map { span[$0].bitPattern } })
            }
            let all = lent.withMutableSpan(0..<lent.count) { span in span.indices.map { span[$0].bitPattern } }
            for bits in told { #expect(bits == Array(all.prefix(bits.count)), "\(backend), \(bits.count) told") }
            let counts = told.map(\.count)
            #expect(counts == counts.sorted() && Set(counts).count == counts.count)
            // The classifier's gradients come first, long before the others.
            #expect(counts.count > 1 && counts.last == lent.count)
        }
    }
}
