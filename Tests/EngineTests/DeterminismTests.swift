import Engine
import Graphs
import Networks
import Tensors
import TestSupport
import Testing

/// The same bits, whatever computes them.
@Suite struct DeterminismTests {
    private static let specimens =
        Specimens.joints + Specimens.groupsElsewhere + Specimens.heads + Specimens.filtered
        + Specimens.behindProducts + Specimens.narrow
        + [
            Specimens.widths, Specimens.norms, Specimens.pools, Specimens.groups, Specimens.depthwise,
            Specimens.activations, Specimens.responses,
        ].flatMap { $0.enumerated().filter { $0.offset % 3 == 0 }.map(\.element) }

    @Test("any number of threads gives the same bits", .withOurKernels, arguments: specimens)
    func threads(specimen: Specimen) throws {
        for backend in try Backend.ours {
            let one = try specimen.trace(backend, threads: 1)
            for threads in [2, 3, 5] {
                #expect(try specimen.trace(backend, threads: threads) == one, "\(backend), \(threads) threads")
            }
        }
    }

    @Test(
        "AVX2 and AVX-512 give the same bits",
        .enabled(if: Backend.avx2.isSupported && Backend.avx512.isSupported, "needs a CPU with both"),
        arguments: specimens)
    func instructionSets(specimen: Specimen) throws {
        #expect(try specimen.trace(.avx2, threads: 2) == specimen.trace(.avx512, threads: 2))
    }

    @Test("other dropout seeds draw otherwise, the same draw again", arguments: Backend.supported)
    func dropout(backend: Backend) throws {
        let specimen = try #require(Specimens.joints.first { $0.network.name == "dropout" })
        let engine = try specimen.engine(backend)
        let batch = specimen.batch(shardSizes: [1, 1, 1, 1])
        let losses = try [0, 1, 0].map {
            try engine.train(batch, globalSamples: specimen.samples, step: $0, sumOverRanks: nil).lossSum
        }
        #expect(losses[0] == losses[2])
        #expect(losses[0] != losses[1])
    }
}
