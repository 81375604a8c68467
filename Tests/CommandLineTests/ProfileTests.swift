import CommandSupport
import Engine
import Foundation
import Testing

/// `bench --profile` and `bench --trace`, from their flags to what they print and write.
@Suite("Profiles of the binary", .serialized)
struct ProfileTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    @Test("a profile and a trace come beside what bench prints otherwise", arguments: [nil, 2] as [Int?])
    func profile(ranks: Int?) throws {
        let outcome = try commands.run(
            "bench", "--model", "lenet", "--model-option", "activation=relu", "--batch-size", "8", "--threads", "1",
            "--steps", "3", "--profile", "--trace", "trace.json", "--json", ranks: ranks)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.split(separator: "\n").count == 1)
        let object = try #require(JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect(object.count == 19 && object["ranks"] as? Int == ranks ?? 1)
        let profile = try #require(object["profile"] as? [String: Any])
        #expect(profile["steps"] as? Int == 3)
        for key in ["step_ms", "peak_gflops_per_second", "bandwidth_gb_per_second"] {
            #expect(try #require(profile[key] as? Double) > 0, "\(key)")
        }
        let kinds = try #require(profile["kinds"] as? [[String: Any]])
        let products = ["forward", "data gradient", "weight gradient"].flatMap {
            ["convolution \($0)", "linear \($0)"]
        }
        // ReLUs go along with what writes their inputs or reads their gradients: they have rows of their own with
        // OpenBLAS only, which cannot take them along.
        let relus = Backend.avx2.isSupported ? [] : ["ReLU", "ReLU gradient"]
        let others = [
            "average pooling", "average pooling gradient", "loss", "batch loading", "sum of gradients", "optimizer",
        ]
        #expect(Set(kinds.compactMap { $0["kind"] as? String }) == Set(products + others + relus))
        // The two convolutions have 117,600 and 240,000 multiply-adds, and one of them a data gradient.
        let samples = 8 / (ranks ?? 1)
        for (kind, operations) in [("forward", 357_600), ("data gradient", 240_000), ("weight gradient", 357_600)] {
            let row = try #require(kinds.first { $0["kind"] as? String == "convolution \(kind)" })
            #expect(row["operations"] as? Int == samples * 2 * operations)
            #expect(try #require(row["fraction_of_roofline"] as? Double) > 0)
        }
        let layers = try #require(profile["layers"] as? [[String: Any]])
        #expect(layers.first?["output"] as? [Int] == [28, 28, 6])
        #expect(layers.first?["data_gradient"] == nil && layers.first?["weight_gradient"] != nil)

        let trace = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(filePath: commands.folder + "/trace.json")))
        let events = try #require(trace as? [[String: Any]])
        #expect(Set(events.compactMap { $0["pid"] as? Int }) == Set(0..<(ranks ?? 1)))
        #expect(events.filter { $0["cat"] as? String == "step" }.count == 3 * (ranks ?? 1))
        #expect(events.contains { ($0["name"] as? String)?.hasSuffix("convolution weight gradient") == true })
        let sums = events.filter { $0["cat"] as? String == "communication" }
        #expect(sums.count == (ranks == nil ? 0 : 3 * 2) && sums.allSatisfy { $0["tid"] as? Int == 1 })
    }

    @Test("a profile is a table for people")
    func profileTable() throws {
        let outcome = try commands.run(
            "bench", "--model", "mobilenet_v2", "--image-size", "32", "--batch-size", "8", "--steps", "2", "--profile")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let lines = outcome.output.split(separator: "\n").map(String.init)
        #expect(lines.first?.hasPrefix("model ") == true)
        for start in [
            "operation ", "depthwise convolution forward ", "optimizer ", "other ", "layer ", "features.0.0 ",
        ] {
            #expect(lines.contains { $0.hasPrefix(start) }, "\(start)")
        }
        // The second table: a kind's kernels, the longest first. Batch norm's sums go along where a convolution takes
        // them, but the norm itself brings them to the other ranks.
        func kernels(of kind: String) throws -> [[String]] {
            try #require(lines.last { $0.hasPrefix(kind + " ") })
                .dropFirst(kind.count + 1).split(separator: ", ").map { $0.split(separator: " ").map(String.init) }
        }
        let depthwise = try kernels(of: "depthwise convolution forward")
        let shares = depthwise.compactMap { Double($0[1].dropLast()) }
        #expect(shares == shares.sorted(by: >))
        #expect(Set(depthwise.map(\.[0])) == ["convolveDepthwise", "blockSums", "shardSums", "shardTree"])
        #expect(try kernels(of: "batch norm").contains { $0[0] == "all-reduce" })
        #expect(depthwise.allSatisfy { $0.count == 2 && $0[1].wholeMatch(of: /\d+\.\d%/) != nil })
        #expect(lines.allSatisfy { $0.last != " " })
    }

    @Test("a trace that cannot be written is known before anything is measured")
    func unwritableTrace() throws {
        let outcome = try commands.run(
            "bench", "--model", "lenet", "--batch-size", "8", "--steps", "1", "--trace", "nowhere/trace.json", ranks: 2)
        #expect(outcome.status == 1)
        #expect(outcome.output == "")
        #expect(outcome.complaints.count == 1 && outcome.complaints[0].contains("nowhere/trace.json"))
    }
}
