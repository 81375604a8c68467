import Engine
import Graphs
import KernelInterface
import Networks
import TestSupport
import Testing

@testable import Compiler

/// Winograd computes the same numbers in another way.
@Suite struct WinogradTests {
    @Test("a row block has several small maps or some rows of a large one, and row blocks are of nearly equal size")
    func rowBlocks() {
        // Of two by two tiles and of fourteen by fourteen.
        let small = TileBlocks(.stride1Of4x4, height: 7, width: 7, samples: 9, tiles: 16)
        #expect((small.rows, small.columns) == (2, 2))
        #expect((small.rowsPerBlock, small.count, small.samples) == (2, 1, 3))
        let large = TileBlocks(.stride1Of4x4, height: 56, width: 56, samples: 9, tiles: 72)
        #expect((large.rowsPerBlock, large.count, large.samples) == (5, 3, 1))
        let wide = TileBlocks(.stride1Of4x4, height: 8, width: 400, samples: 9, tiles: 72)
        #expect((wide.rowsPerBlock, wide.count, wide.samples) == (1, 2, 1))
    }

    @Test("all specimens could be made") func count() { #expect(Specimens.filtered.count == 25) }

    @Test(
        "an engine agrees with the references, with Winograd and without", .withOurKernels,
        arguments: Specimens.filtered)
    func agreement(specimen: Specimen) throws {
        let expectation = Expectation(specimen)
        for backend in try Backend.ours {
            for usesWinograd in [true, false] {
                let engine = try specimen.engine(backend, usesWinograd: usesWinograd)
                let batch = specimen.batch(shardSizes: specimen.shardSizes(4))
                let kernels = try engine.profile(
                    batch, globalSamples: specimen.samples, step: 0, sumOverRanks: nil
                ).calls.map(\.name)
                for id in specimen.training.statistics {
                    engine.setValues(of: id, to: goldenFill(specimen.training[id]))
                }
                // The first check counts the forward pass and the data gradient, the second the weight gradient.
                #expect((kernels.count { $0 == "convolveWinograd" } >= 2) == usesWinograd)
                #expect(kernels.contains("winogradWeightGradient") == usesWinograd)
                let setup = "\(backend), \(usesWinograd ? "filtered" : "direct")"
                try expectation.check(engine, shardSizes: specimen.shardSizes(4), setup)
            }
        }
    }

    @Test(
        "an engine agrees with the references on uneven and empty shards with Winograd", .withOurKernels,
        arguments: [[4, 1, 0, 0], [0, 0, 0, 5], [2, 2, 1, 0], [1, 2, 1, 1]])
    func unevenShards(sizes: [Int]) throws {
        // The second layer has so many weights that one task sums all shards; for the first, shards are separate tasks.
        for (inputs, outputs) in [(16, 33), (512, 528)] {
            let specimen = try Specimen("uneven", imageSize: 4, samples: 5) {
                $0.convolution("stem", to: inputs, kernel: 1).convolution(
                    "filtered", to: outputs, kernel: 3, padding: 1)
            }
            let expectation = Expectation(specimen)
            for backend in try Backend.ours {
                let engine = try specimen.engine(backend, capacity: 5)
                try expectation.check(engine, shardSizes: sizes, "\(backend) with shards of \(sizes)")
            }
        }
    }

    @Test("Winograd is not used for other kernels, nor for maps on which its tiles would compute too much")
    func elsewhere() throws {
        let others = [
            (16, 1, 3, 1, 1), (15, 8, 3, 1, 1), (16, 8, 3, 2, 0), (16, 14, 3, 2, 1), (16, 8, 3, 3, 1), (16, 8, 5, 1, 2),
            (16, 8, 1, 1, 0),
        ]
        for (channels, size, kernel, stride, padding) in others {
            let names = try kernels(channels, size, kernel, stride, padding)
            #expect(!names.contains { $0.lowercased().contains("winograd") }, "\(channels), \(size)px k\(kernel)")
        }
    }

    @Test(
        "Winograd's tiles are smaller forward than backward, so that the two pay off on different maps",
        .withOurKernels)
    func directions() throws {
        let forward = try kernels(16, 2, 3, 1, 1)
        #expect(forward.count { $0 == "convolveWinograd" } == 1 && !forward.contains("winogradWeightGradient"))
        let back = try kernels(16, 3, 3, 1, 1)
        #expect(back.count { $0 == "convolveWinograd" } == 1 && back.contains("winogradWeightGradient"))
        #expect(try kernels(16, 4, 3, 1, 1).count { $0 == "convolveWinograd" } == 2)
        let strided = try kernels(16, 8, 3, 2, 1)
        #expect(strided.count { $0 == "convolveWinograd" } == 2 && strided.contains("winogradWeightGradient"))
    }

    /// Returns the names of the kernels that a step with such a convolution calls, behind a 1x1 convolution.
    private func kernels(_ channels: Int, _ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int) throws -> [String]
    {
        let specimen = try Specimen("\(channels), \(size)px k\(kernel) s\(stride)", imageSize: size) {
            $0.convolution("a", to: channels, kernel: 1)
                .convolution("b", to: channels, kernel: kernel, stride: stride, padding: padding)
        }
        let batch = specimen.batch(shardSizes: specimen.shardSizes(4))
        return try specimen.engine(.supported[0]).profile(
            batch, globalSamples: specimen.samples, step: 0, sumOverRanks: nil
        ).calls.map(\.name)
    }
}
