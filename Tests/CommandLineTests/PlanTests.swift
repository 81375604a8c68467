import CommandSupport
import Foundation
import Testing

/// Forecasts from measurements of this machine.
@Suite("Plan", .serialized)
struct PlanTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    private struct Result: Decodable {
        struct Row: Decodable {
            let nodes: Int
            let ranks: Int
            let batch_size: Int
            let batch_norm: String
            let step_ms: Double
            let exposed_ms: Double
            let efficiency: Double
            let images_per_second: Double
            let imagenet_90_epochs_seconds: Double
            let node_hours: Double
        }
        let model: String
        let measured_step_ms: Double
        let forecasts: [Row]
    }

    private func forecasts(_ arguments: [String]) throws -> Result {
        let outcome = try commands.run(["plan", "--json"] + arguments)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try JSONDecoder().decode(Result.self, from: Data(outcome.output.utf8))
    }

    @Test(
        "plan forecasts what bench has measured for any cluster, no faster on slower networks",
        arguments: [nil, 2] as [Int?])
    func measured(ranks: Int?) throws {
        let bench = try commands.run(
            "bench", "--model", "lenet_bn", "--batch-size", "8", "--threads", "1", "--steps", "3", "--json",
            ranks: ranks)
        #expect(bench.status == 0, "\(bench.errors)")
        try commands.write(Array(bench.output.utf8), to: "bench.json")
        func plan(_ network: String) throws -> Result {
            try forecasts([
                "--measured", "bench.json", "--nodes", "1,2,64", "--ranks-per-node", "1", "--network", network,
            ])
        }
        let (fast, slow) = (try plan("ib-hdr"), try plan("1ms,1MB/s"))
        #expect(fast.model == "lenet_bn")
        #expect(fast.forecasts.map(\.nodes) == [1, 1, 2, 2, 64, 64])
        #expect(fast.forecasts.map(\.batch_norm) == ["sync", "average", "sync", "average", "sync", "average"])
        for (quick, late) in zip(fast.forecasts, slow.forecasts) {
            #expect(quick.step_ms <= late.step_ms)
            #expect(quick.batch_size == 8 / (ranks ?? 1) * quick.ranks)
            #expect((quick.images_per_second / (Double(quick.batch_size) / quick.step_ms * 1e3) - 1).magnitude < 1e-9)
            #expect(
                (quick.node_hours * 3600 / quick.imagenet_90_epochs_seconds / Double(quick.nodes) - 1).magnitude < 1e-9)
        }
        #expect(slow.forecasts[2].exposed_ms > fast.forecasts[2].exposed_ms)
        // A rank alone does what was measured.
        #expect(fast.forecasts[0].step_ms >= fast.measured_step_ms * 0.999 && fast.forecasts[0].exposed_ms == 0)
    }

    @Test("a plan measures by itself, and tells people")
    func table() throws {
        let outcome = try commands.run(
            "plan", "--model", "lenet", "--nodes", "8,64", "--ranks-per-node", "2", "--steps", "2", "--threads", "1")
        #expect(outcome.status == 0, "\(outcome.errors)")
        for word in [
            "nodes", "step ms", "exposed ms", "efficiency", "img/s", "90 epochs", "node-hours", "allreduce",
            "bucket MB",
        ] {
            #expect(outcome.output.contains(word), "\(word)")
        }
        // No batch norm, one row each.
        #expect(outcome.output.split(separator: "\n").filter { $0.contains("128") || $0.contains(" 16 ") }.count >= 2)
    }

    @Test("a network between two ranks is measured")
    func link() throws {
        let arguments = [
            "plan", "--model", "lenet", "--batch-size", "4", "--nodes", "2", "--steps", "2", "--threads", "1",
            "--network",
            "measured",
        ]
        let outcome = try commands.run(arguments, ranks: 2)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("network measured ("))
        let alone = try commands.run(arguments)
        #expect(alone.status == 1 && alone.errors.contains("between two ranks"))
    }

    @Test("plan says what cannot be planned")
    func mistakes() throws {
        try commands.write(Array("{}".utf8), to: "empty.json")
        for (arguments, words) in [
            (["plan"], "--model"), (["plan", "--model", "lenet", "--measured", "x"], "one of the two"),
            (["plan", "--measured", "empty.json"], "bench --json"),
            (["plan", "--measured", "none.json"], "bench --json"),
            (["plan", "--model", "lenet", "--network", "20gbe"], "20gbe"),
            (["plan", "--model", "lenet", "--nodes", "0"], "0"),
        ] {
            let outcome = try commands.run(arguments)
            #expect(outcome.status != 0)
            #expect(outcome.errors.contains(words), "\(outcome.errors)")
        }
    }
}
