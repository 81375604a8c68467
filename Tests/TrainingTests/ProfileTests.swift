import Collectives
import Engine
import Foundation
import Graphs
import Kernels
import Recipes
import Tensors
import Testing

@testable import Training

@Suite("A profile")
struct ProfileTests {
    /// Two convolutions' nodes and a norm's, as an engine names them.
    private static let nodes = [
        node("a", "convolution", .forward, operations: 4000, bytes: 10),
        node("n", "batch norm", .forward, operations: 10, bytes: 100),
        node("b", "convolution", .forward, operations: 1000, bytes: 200),
        node("b", "convolution", .weightGradient, operations: 500, bytes: 10),
    ]

    private static func node(
        _ layer: String, _ family: String, _ pass: Pass, operations: Int, bytes: Int
    ) -> ProfiledNode {
        ProfiledNode(
            layer: layer, kind: OperationKind(family: family, pass: pass), window: "3x3",
            output: Shape(features: 4), work: Work(operations: operations, bytes: bytes))
    }

    /// Steps whose calls take so many seconds each; half a second to load, one to sum, two to update, a quarter to
    /// wait.
    private func recording(_ steps: [[Double]]) -> StepRecording {
        var recording = StepRecording(nodes: Self.nodes, load: Work(bytes: 50), update: Work(operations: 6, bytes: 20))
        var now = 64.0
        for seconds in steps {
            let start = now
            now += 0.5
            // `b`'s forward pass takes two calls.
            let owners = [
                (0, "convolve"), (1, "batchNormApply"), (2, "transposeWeights"), (2, "convolve"), (3, "weightGradient"),
            ]
            let calls = zip(owners, seconds).map { owner, seconds in
                defer { now += seconds }
                return TimedCall(node: owner.0, name: owner.1, start: now, seconds: seconds)
            }
            recording.append(
                start: start, calls: calls, trained: now, summed: now + 1, updated: now + 3, end: now + 3.25)
            now += 4
        }
        return recording
    }

    @Test("groups calls by kind, kernel and layer, and takes the median step of each group")
    func groups() throws {
        let recording = recording([[1, 8, 4, 2, 1], [5, 2, 1, 1, 3], [2, 4, 1, 4, 2]])
        let profile = Profile(recording, limits: Profile.Limits(peak: 1000, bandwidth: 100))
        // 0.5 + 16 or 12 or 13 + 3.25
        #expect(profile.stepSeconds == 16.75)
        #expect(profile.steps == 3 && profile.otherSeconds == 0.25)
        let kinds = Dictionary(uniqueKeysWithValues: profile.kinds.map { ("\($0.kind)", $0) })
        #expect(
            Set(kinds.keys) == [
                "convolution forward", "convolution weight gradient", "batch norm", "batch loading", "sum of gradients",
                "optimizer",
            ])
        #expect(profile.kinds.map(\.cost.seconds) == [7, 4, 2, 2, 1, 0.5])
        let forward = try #require(kinds["convolution forward"])
        #expect(forward.cost.calls == 3)
        #expect(forward.cost.work == Work(operations: 5000, bytes: 210))
        // The first is bound by arithmetic, the other by memory.
        #expect(forward.cost.leastSeconds == 4 + 2)
        #expect(forward.cost.fractionOfRoofline == 6 / 7.0)
        #expect(forward.cost.gflopsPerSecond == 5000 / 7.0 / 1e9)
        #expect(forward.kernels.map(\.name) == ["convolve", "transposeWeights"])
        #expect(forward.kernels.map(\.cost.seconds) == [6, 1])
        #expect(profile.layers.map(\.name) == ["a", "n", "b"])
        #expect(profile.layers.map(\.operation) == ["convolution 3x3", "batch norm 3x3", "convolution 3x3"])
        let last = try #require(profile.layers.last)
        #expect(last.passes.mapValues(\.seconds) == [.forward: 5, .weightGradient: 2])
        #expect(last.passes[.forward]?.calls == 2)
    }

    @Test("the profile of a real step accounts for all of it")
    func real() throws {
        let profile = try InProcessCommunicator.run(ranks: 2) { world in
            try Benchmark(
                model: ModelChoice("lenet_bn"), batchSize: 16, imageSize: nil, threads: 1, steps: 3,
                instructionSet: .auto, profiles: true, world: world
            ).profile
        }
        for profile in profile.compactMap({ $0 }) {
            #expect(profile.steps == 3)
            #expect(profile.limits.peak > 0 && profile.limits.bandwidth > 0)
            let names = profile.kinds.map { "\($0.kind)" }
            #expect(
                Set(names).isSuperset(of: ["optimizer", "sum of gradients", "batch norm gradient", "linear forward"]))
            // Whoever needs batch norm's sums has them summed over ranks, whoever takes them.
            let reducing = profile.kinds.filter { $0.kernels.contains { $0.name == "all-reduce" } }
            #expect(Set(reducing.map { "\($0.kind)" }) == ["batch norm", "batch norm gradient"])
            #expect(reducing.flatMap(\.kernels).allSatisfy { $0.cost.seconds > 0 })
            #expect(profile.kinds.allSatisfy { $0.cost.seconds > 0 && $0.cost.calls > 0 })
            #expect(profile.otherSeconds >= 0)
        }
        #expect(profile.compactMap { $0 }.count == 2)
    }

    @Test("a run that is not asked for one makes none")
    func unasked() throws {
        let results = try InProcessCommunicator.run(ranks: 1) { world in
            try Benchmark(
                model: ModelChoice("lenet"), batchSize: 8, imageSize: nil, threads: 1, steps: 1, instructionSet: .auto,
                world: world)
        }
        #expect(results[0].profile == nil && results[0].recording == nil)
    }

    private struct Event: Decodable {
        let name: String
        let cat: String
        let ph: String
        let ts: Double
        let dur: Double
        let pid: Int
        let tid: Int
    }

    @Test("a trace holds every rank's steps, the layers in them, and the kernels in those")
    func trace() throws {
        let texts = try InProcessCommunicator.run(ranks: 3) { world in
            try recording([[1, 8, 4, 2, 1], [5, 2, 1, 1, 3]]).trace(in: world)
        }
        #expect(texts[1] == nil && texts[2] == nil)
        let events = try JSONDecoder().decode([Event].self, from: Data(try #require(texts[0]).utf8))
        #expect(events.allSatisfy { $0.ph == "X" && $0.tid == 0 })
        for rank in 0..<3 {
            let own = events.filter { $0.pid == rank }
            #expect(own.filter { $0.cat == "step" }.map(\.ts) == [0, 20.5e6])
            #expect(own.filter { $0.cat == "step" }.map(\.dur) == [19.75e6, 15.75e6])
            let layers = own.filter { $0.cat == "layer" }
            let names = [
                "batch loading", "a convolution forward", "n batch norm", "b convolution forward",
                "b convolution weight gradient", "sum of gradients", "optimizer",
            ]
            #expect(layers.map(\.name) == names + names)
            #expect(layers[3].ts == 9.5e6 && layers[3].dur == 6e6)
            #expect(own.filter { $0.cat == "kernel" }.count == 2 * 8)
        }
    }
}
