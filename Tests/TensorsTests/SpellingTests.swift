import Testing

@testable import Tensors

@Suite("Spelling")
struct SpellingTests {
    @Test(
        "edits are insertions, deletions and replacements",
        arguments: [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("resnet18", "resnet81", 2), ("a", "b", 1)])
    func countsEdits(a: String, b: String, edits: Int) {
        #expect(Spelling.edits(from: a, to: b) == edits)
        #expect(Spelling.edits(from: b, to: a) == edits)
    }

    @Test("the nearest name ignores case, is the first of equals, and is nil when nothing is alike")
    func findsTheNearest() {
        #expect(Spelling.nearest(to: "LeNet", among: ["resnet", "lenet"]) == "lenet")
        #expect(Spelling.nearest(to: "ab", among: ["ac", "ad"]) == "ac")
        #expect(Spelling.nearest(to: "xyz", among: ["lenet"]) == nil)
        #expect(Spelling.nearest(to: "lenet", among: []) == nil)
    }

    @Test("three letters and more that a name contains stand for it")
    func findsTheWhole() {
        #expect(Spelling.nearest(to: "mnist", among: ["lenet", "fashion-mnist"]) == "fashion-mnist")
        #expect(Spelling.nearest(to: "st", among: ["longest", "sat"]) == "sat")
    }
}
