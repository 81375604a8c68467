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
}
