import Graphs
import TestSupport
import Testing

@testable import Engine

@Suite("Groups of layers")
struct LayerGroupTests {
    private func groups(_ names: [String]) -> [String] {
        LayerGroup.groups(of: names, isTrainable: names.map { !$0.hasSuffix("running_mean") }).map(\.name)
    }

    @Test("groups of layers are as fine as twenty-four allow, or else as coarse as names do")
    func finest() {
        #expect(groups(["0.weight", "0.bias", "3.weight"]) == ["0", "3"])
        let blocks = (0..<12).flatMap { ["layer1.\($0).conv1.weight", "layer1.\($0).conv2.weight"] }
        #expect(groups(["conv1.weight"] + blocks + ["fc.bias"]).count == 14)
        #expect(groups(["conv1.weight"] + blocks)[1] == "layer1.0")
        let many = (0..<30).map { "features.\($0).weight" } + ["classifier.weight"]
        #expect(groups(many) == ["features", "classifier"])
        // Where names have no coarser parts, there are more.
        #expect(groups((0..<30).map { "\($0).conv.weight" }) == (0..<30).map { "\($0)" })
    }

    @Test("groups of layers have every trainable parameter once, and no other")
    func complete() {
        let names = ["a.weight", "a.running_mean", "scale", "b.0.weight"]
        let groups = LayerGroup.groups(of: names, isTrainable: [true, false, true, true])
        #expect(groups.flatMap(\.parameters) == [0, 2, 3] && groups.map(\.name) == ["a", "scale", "b.0"])
    }

    @Test("a distribution has every finite weight of a group in the part of the range that it lies in")
    func distribution() throws {
        let specimen = Specimens.norms[0]
        let engine = try specimen.engine(Backend.supported[0])
        let group = try #require(engine.layerGroups.first)
        let first = ParameterID(index: try #require(group.parameters.first))
        engine.setValues(of: first, to: [.nan] + engine.values(of: first).dropFirst())
        let weights = group.parameters.flatMap { engine.values(of: ParameterID(index: $0)) }.filter(\.isFinite)
        let found = engine.distribution(of: group)
        #expect(found.minimum == weights.min() && found.maximum == weights.max() && found.count == weights.count)
        let width = Double(found.maximum - found.minimum) / 30
        for (part, edge) in found.edges.enumerated() {
            let expected = Double(found.minimum) + width * Double(part + 1)
            #expect(abs(edge - expected) <= 4 * Tolerance.roundoff * abs(expected) + 1e-12)
            // A weight within rounding of an edge may be on either side.
            let certain = weights.count { Double($0) < edge - width / 1000 }
            let possible = weights.count { Double($0) < edge + width / 1000 }
            #expect((certain...possible).contains(found.counts[...part].reduce(0, +)), "part \(part)")
        }
        #expect(abs(found.sum - weights.reduce(0) { $0 + Double($1) }) <= 1e-9)
        #expect(abs(found.sumOfSquares - weights.reduce(0) { $0 + Double($1) * Double($1) }) <= 1e-9)
    }
}
