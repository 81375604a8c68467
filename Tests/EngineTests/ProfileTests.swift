import Engine
import Graphs
import KernelInterface
import Kernels
import Synchronization
import Tensors
import TestSupport
import Testing

/// A profile looks on and changes nothing.
@Suite struct ProfileTests {
    private static let specimens =
        Specimens.joints + Specimens.heads + Specimens.groupsElsewhere + Specimens.responses + [Specimens.depthwise[1]]

    @Test("a profiled step has the bits of any other", .withOurKernels, arguments: specimens)
    func bits(specimen: Specimen) throws {
        // OpenBLAS's bits depend on its number of threads, which all engines of a process share, other tests' too.
        for backend in try Backend.ours {
            let batch = specimen.batch(shardSizes: specimen.shardSizes(4))
            let engines = try [specimen.engine(backend), specimen.engine(backend)]
            for step in 0..<2 {
                let tally = try engines[0].train(
                    batch, globalSamples: specimen.samples, step: step, sumOverRanks: nil)
                let other = try engines[1].profile(
                    batch, globalSamples: specimen.samples, step: step, sumOverRanks: nil
                ).tally
                #expect(tally.lossSum.bitPattern == other.lossSum.bitPattern)
                #expect(tally.correct == other.correct && tally.samples == other.samples)
                #expect(engines[0].logits() == engines[1].logits())
                for id in specimen.training.trainable {
                    #expect(engines[0].gradient(of: id) == engines[1].gradient(of: id), "on \(backend)")
                }
                for engine in engines {
                    engine.update(SGD(momentum: 0.9, weightDecay: 0), learningRate: 0.1)
                }
            }
            #expect(engines[0].batchesTracked == engines[1].batchesTracked)
        }
    }

    @Test("every node is in a profile, and none that computes goes without a call", arguments: specimens)
    func nodes(specimen: Specimen) throws {
        let engine = try specimen.engine(.supported[0])
        let calls = try engine.profile(
            specimen.batch(shardSizes: specimen.shardSizes(4)), globalSamples: specimen.samples, step: 0,
            sumOverRanks: nil
        ).calls
        let nodes = engine.trainingNodes(samples: specimen.samples)
        let graph = specimen.training.applying(Backend.supported[0].passes)
        #expect(nodes.map(\.layer) == graph.nodes.map(\.layer))
        #expect(nodes.map(\.kind) == graph.kinds)
        for (index, node) in graph.nodes.enumerated() {
            if calls.contains(where: { $0.node == index }) {
                #expect(nodes[index].work == graph.work(of: node, samples: specimen.samples))
            } else if case .allReduce = node.operation {
                // The all-reduce right before it has brought these sums along.
                guard index > 0, case .allReduce = graph.nodes[index - 1].operation else {
                    Issue.record("\(node.layer) sums nothing over ranks")
                    continue
                }
            } else if case .batchNormGradient = node.operation {
                // Nobody reads its data gradient, and those of its parameters have come with the sums.
                #expect(node.output == nil && node.channelOutput == nil)
            } else {
                // Placed where it is wanted already.
                #expect(nodes[index].kind.family == "concatenation")
                #expect(nodes[index].work == Work())
            }
        }
    }

    @Test("calls follow each other without a gap, and each takes time")
    func times() throws {
        let specimen = try #require(Specimens.joints.first)
        let engine = try specimen.engine(.supported[0])
        let before = monotonicSeconds()
        let calls = try engine.profile(
            specimen.batch(shardSizes: specimen.shardSizes(4)), globalSamples: specimen.samples, step: 0,
            sumOverRanks: nil
        ).calls
        let after = monotonicSeconds()
        let first = try #require(calls.first)
        let last = try #require(calls.last)
        #expect(before <= first.start && last.start + last.seconds <= after + after.ulp)
        for (call, next) in zip(calls, calls.dropFirst()) {
            #expect(next.start >= call.start)
            // A difference of two readings, added again.
            #expect((call.start + call.seconds - next.start).magnitude <= call.start.ulp)
        }
        #expect(calls.filter { $0.name != "all-reduce" }.allSatisfy { $0.seconds > 0 })
    }

    @Test("a kernel that computes all in one task is called for one, in which no other thread writes the same numbers")
    func oneTask() throws {
        let single = ["shardTree", "batchNormParameterGradient", "batchNormGradientFinish", "normShiftFinish"]
        let backend = Backend.supported[0]
        var seen: Set<String> = []
        for specimen in Specimens.joints {
            let tasks = Mutex<[String: Int]>([:])
            let engine = try specimen.engine(backend) {
                var table = backend.instructionSet.kernels
                table.observer = { name in tasks.withLock { $0[name, default: 0] += 1 } }
                $0.kernels = table
            }
            let calls = try engine.profile(
                specimen.batch(shardSizes: specimen.shardSizes(4)), globalSamples: specimen.samples, step: 0,
                sumOverRanks: nil
            ).calls
            for name in single {
                let count = calls.count { $0.name == name }
                #expect(tasks.withLock { $0[name] ?? 0 } == count, "\(name) in \(specimen)")
                if count > 0 { seen.insert(name) }
            }
        }
        #expect(seen == Set(single))
    }

    @Test("a call's name is a kernel's, or one of the two things that are none", arguments: Backend.supported)
    func names(backend: Backend) throws {
        let kernels = Set(Mirror(reflecting: backend.instructionSet.kernels).children.compactMap(\.label))
        var names: Set<String> = []
        for specimen in Specimens.joints + Specimens.heads + Specimens.responses + Specimens.depthwise {
            let calls = try specimen.engine(backend).profile(
                specimen.batch(shardSizes: specimen.shardSizes(4)), globalSamples: specimen.samples, step: 0,
                sumOverRanks: nil
            ).calls
            names.formUnion(calls.map(\.name))
        }
        #expect(names.subtracting(kernels) == (backend == .openblas ? ["all-reduce", "sgemm"] : ["all-reduce"]))
        #expect(names.contains("convolve") == (backend != .openblas))
        let some: Set = ["batchNormApply", "residualGradient", "crossEntropy", "convolveDepthwise", "treeSum"]
        #expect(names.isSuperset(of: some))
    }
}
