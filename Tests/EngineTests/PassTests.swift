import Compiler
import Engine
import Graphs
import Networks
import TestSupport
import Testing

/// Rewrites of graphs save work and change no number.
@Suite struct PassTests {
    /// Networks with batch norms in usual places, and in places where a pass must leave them alone.
    static let norms: [Specimen] = [
        try? Specimen("inverted residuals", imageSize: 9) {
            let x = $0.convolution("stem", to: 24, kernel: 3, stride: 2, padding: 1, bias: false)
                .batchNorm("norm").relu6()
            let y = x.convolution("expand", to: 48, kernel: 1, bias: false).batchNorm("bn1").relu6()
                .convolution("depthwise", to: 48, kernel: 3, padding: 1, groups: 48, bias: false).batchNorm("bn2")
                .relu6().convolution("project", to: 24, kernel: 1, bias: false).batchNorm("bn3").add(x)
            return y.convolution("down", to: 24, kernel: 3, stride: 2, padding: 1, groups: 24, bias: false)
                .batchNorm("bn4").relu6().convolution("head", to: 17, kernel: 1, bias: false).batchNorm("bn5")
        },
        try? Specimen("residual of ReLU6, identity first", imageSize: 6) {
            let x = $0.convolution("stem", to: 17, kernel: 3, padding: 1)
            return x.add(x.convolution("a", to: 17, kernel: 3, padding: 1, bias: false).batchNorm("bn")).relu6()
        },
        try? Specimen("a norm with two readers", imageSize: 6) {
            let x = $0.convolution("a", to: 6, kernel: 3, padding: 1, bias: false).batchNorm("bn1")
            return x.relu().add(x).batchNorm("bn2").relu().maxPool(kernel: 2)
        },
        try? Specimen("a norm plus itself", imageSize: 5) {
            let x = $0.convolution("a", to: 16, kernel: 3, padding: 1, bias: false).batchNorm("bn")
            return x.add(x).relu()
        },
        try? Specimen("norms of the images and before a maximum", imageSize: 7) {
            $0.batchNorm("bn1").relu().convolution("a", to: 33, kernel: 3, padding: 1).batchNorm("bn2").relu()
                .maxPool(kernel: 3, stride: 2, padding: 1)
        },
        try? Specimen("strides that leave out pixels, down to one", imageSize: 8) {
            $0.convolution("stem", to: 33, kernel: 3, stride: 2, padding: 1, bias: false).batchNorm("bn1").relu()
                .convolution("halve", to: 48, kernel: 1, stride: 2, bias: false).batchNorm("bn2").relu()
                .convolution("one", to: 20, kernel: 1, stride: 2, bias: false).batchNorm("bn3").relu()
        },
        try? Specimen("pre-activation", imageSize: 7) {
            let x = $0.convolution("stem", to: 16, kernel: 3, padding: 1, bias: false)
            let y = x.batchNorm("bn1").relu().convolution("a", to: 16, kernel: 3, padding: 1, bias: false)
                .batchNorm("bn2").relu().dropout(rate: 0.25).convolution("b", to: 16, kernel: 3, padding: 1).add(x)
            return y.batchNorm("bn3").relu()
        },
        // Maps of several row blocks, whose sums several tasks compute in their epilogues.
        try? Specimen("inverted residual on larger maps", imageSize: 20) {
            let x = $0.convolution("stem", to: 16, kernel: 3, padding: 1, bias: false).batchNorm("norm").relu6()
            return x.convolution("expand", to: 160, kernel: 1, bias: false).batchNorm("bn1").relu6()
                .convolution("depthwise", to: 160, kernel: 3, padding: 1, groups: 160, bias: false).batchNorm("bn2")
                .relu6().convolution("project", to: 16, kernel: 1, bias: false).batchNorm("bn3").add(x)
                .convolution("filtered", to: 20, kernel: 3, padding: 1, bias: false).batchNorm("bn4").relu()
                .convolution("down", to: 16, kernel: 3, stride: 2, padding: 1, bias: false).batchNorm("bn5").relu()
        },
        // Several row blocks of a map write a batch norm's gradient into slices of a block's gradient. The transition's
        // gradient has no addend.
        try? Specimen("dense block on larger maps", imageSize: 20) {
            let block = (1...3).reduce($0.convolution("stem", to: 32, kernel: 3, padding: 1, bias: false)) { x, index in
                x.concatenate(
                    x.batchNorm("norm\(index)a").relu().convolution("conv\(index)a", to: 48, kernel: 1, bias: false)
                        .batchNorm("norm\(index)b").relu()
                        .convolution("conv\(index)b", to: 16, kernel: 3, padding: 1, bias: false))
            }
            return block.batchNorm("norm").relu().convolution("transition", to: 24, kernel: 1, bias: false)
                .averagePool(kernel: 2).batchNorm("end").relu()
        },
        // Batch norms' gradients that two 1x1 convolutions compute as they read them: with and without an activation,
        // with a last vector that is not full.
        try? Specimen("bottleneck on large maps", imageSize: 40, samples: 3) {
            let x = $0.convolution("stem", to: 64, kernel: 3, padding: 1, bias: false).batchNorm("norm").relu()
            let y = x.convolution("a", to: 70, kernel: 1, bias: false).batchNorm("norma").relu()
                .convolution("b", to: 64, kernel: 3, padding: 1, bias: false).batchNorm("normb").relu()
                .convolution("c", to: 64, kernel: 1, bias: false).batchNorm("normc").add(x).relu()
            return y.convolution("d", to: 65, kernel: 1, bias: false).batchNorm("normd").averagePool(kernel: 4)
                .convolution("e", to: 17, kernel: 3)
        },
        // A batch norm of two parts alone, one without an activation, and one that adds an identity.
        try? Specimen("norms of concatenations", imageSize: 7) {
            let a = $0.convolution("a", to: 16, kernel: 3, padding: 1, bias: false)
            let b = $0.convolution("b", to: 32, kernel: 3, padding: 1, bias: false)
            let x = a.concatenate(b)
            let y = x.batchNorm("norm1").add(x.batchNorm("norm2").relu().convolution("c", to: 48, kernel: 1)).relu()
            return x.concatenate(y).batchNorm("norm3").convolution("d", to: 20, kernel: 1).sigmoid()
        },
        try? Specimen("blocks whose ends are computed again, one from the other", imageSize: 72, samples: 2) {
            var x = $0.convolution("stem", to: 32, kernel: 3, padding: 1, bias: false).batchNorm("norm").relu()
                .maxPool(kernel: 3, stride: 2, padding: 1)
            for (block, width) in [32, 32, 48, 48].enumerated() {
                let y = x.convolution("a\(block)", to: width, kernel: 5, padding: 2, bias: false)
                    .batchNorm("norm\(block)")
                let identity =
                    block == 2
                    ? x.convolution("down", to: width, kernel: 1, bias: false).batchNorm("normdown") : x
                x = y.add(identity).relu()
            }
            return x.convolution("end", to: 16, kernel: 3, padding: 1)
        },
        try? Specimen("a convolution of images and maxima that are computed again", imageSize: 40, samples: 2) {
            $0.convolution("a", to: 32, kernel: 3, padding: 1, bias: false).batchNorm("norma").relu()
                .convolution("b", to: 32, kernel: 5, padding: 2).batchNorm("normb").relu().maxPool(kernel: 2)
                .convolution("c", to: 64, kernel: 5, padding: 2).batchNorm("normc").relu().maxPool(kernel: 2)
                .convolution("d", to: 64, kernel: 3, padding: 1)
        },
    ].compactMap { $0 }

    /// The least number of values that are recomputed, for specimens by the beginning of their names.
    static let repeats = [("blocks", 1), ("a convolution", 1), ("an activation", 1)]

    static let specimens =
        norms + Specimens.joints + Specimens.norms + Specimens.groupsElsewhere + Specimens.heads
        + Specimens.filtered.suffix(3) + Specimens.behindProducts + Specimens.narrow

    @Test("all specimens could be made") func count() { #expect(Self.norms.count == 13) }

    @Test("values are recomputed where that lowers the peak of memory, and nowhere else")
    func recomputation() throws {
        for (specimen, (name, least)) in zip(Self.norms.suffix(2) + Specimens.behindProducts.suffix(1), Self.repeats) {
            #expect(specimen.network.name.hasPrefix(name))
            let graph = specimen.training.applying(Set(GraphPass.allCases))
            let repeating = graph.recomputingForMemory()
            #expect(repeating.nodes.count >= graph.nodes.count + least, "\(name)")
            #expect(repeating.leastFloats < graph.leastFloats, "\(name)")
            #expect(specimen.evaluation.recomputingForMemory().nodes.count == specimen.evaluation.nodes.count)
        }
        // None of it is cheap: the convolutions follow one another.
        let plain = try Specimen("plain", imageSize: 8) {
            $0.convolution("a", to: 16, kernel: 5, padding: 2).sigmoid().convolution("b", to: 16, kernel: 3).sigmoid()
        }
        #expect(plain.training.recomputingForMemory().nodes.count == plain.training.nodes.count)
    }

    @Test(
        "activations of 32 images, weights, gradients and velocities stay under these bytes",
        arguments: [("vgg16_bn", 3_100_000_000), ("resnet50", 1_750_000_000), ("densenet121", 1_000_000_000)])
    func memory(model: String, bytes: Int) throws {
        let network = try Zoo.model(named: model).network(classes: 1000, inputChannels: 3)
        let graph = try Graph(network: network, imageSize: 224, purpose: .training)
            .applying(Set(GraphPass.allCases)).recomputingForMemory()
        let parameters = graph.parameters.reduce(0) { $0 + ($1.isTrainable ? $1.count : 0) }
        #expect(MemoryLayout<Float>.stride * (32 * graph.leastFloats + 3 * parameters) <= bytes)
    }

    @Test("no bit depends on a pass", .withOurKernels, arguments: specimens)
    func bits(specimen: Specimen) throws {
        // OpenBLAS's bits depend on its number of threads, which all engines of a process share, other tests' too.
        for backend in try Backend.ours {
            let plain = try specimen.trace(backend, threads: 2, passes: [])
            for passes in GraphPass.allCases.map({ [$0] }) + [Set(GraphPass.allCases)] {
                #expect(try specimen.trace(backend, threads: 2, passes: passes) == plain, "\(passes) on \(backend)")
            }
        }
    }

    @Test("the references compute the same for a rewritten graph as for the original", arguments: specimens)
    func meaning(specimen: Specimen) {
        let all = Set(GraphPass.allCases)
        for graph in [specimen.training, specimen.evaluation] {
            let plain = specimen.outcome(graph)
            let rewritten = specimen.outcome(graph.applying(all).recomputingForMemory())
            #expect(rewritten.loss == plain.loss && rewritten.logits == plain.logits)
            #expect(rewritten.gradients == plain.gradients && rewritten.parameters == plain.parameters)
        }
    }
}
