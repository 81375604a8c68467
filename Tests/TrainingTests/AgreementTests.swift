import Collectives
import Testing

@testable import Training

@Suite("Agreement of ranks") struct RankAgreementTests {
    private func trait(_ value: String) -> SharedTrait {
        SharedTrait(name: "instruction set", value: value, shown: value.uppercased(), remedy: "Choose one.")
    }

    private func words(_ values: [String]) -> String? {
        disagreement(
            about: trait(""), values, shown: values.map { $0.uppercased() }, hosts: values.indices.map { "node\($0)" })
    }

    @Test("the setting that most ranks have is the rule, and of two equally frequent the lower rank's")
    func rule() {
        #expect(words(["a", "a", "a"]) == nil)
        #expect(
            words(["b", "a", "a"])
                == "rank 0/3 on node0 has another instruction set than rank 1: B, where rank 1 on node1 has A. "
                + "Choose one."
        )
        #expect(words(["a", "b"])?.hasPrefix("rank 1/2 on node1 ") == true)
        #expect(words(["a", "b", "a", "c"])?.contains("rank 0 (and so do 1 more rank: 3): B, ") == true)
    }

    @Test("all ranks end where one differs, with rank 0 holding the words", arguments: [2, 3, 5])
    func together(ranks: Int) throws {
        let found = try InProcessCommunicator.run(ranks: ranks) { world in
            do {
                try requireAgreement(on: [trait("x"), trait(world.rank == ranks - 1 ? "b" : "a")], in: world)
                return ""
            } catch let failure as SharedFailure {
                return failure.description
            }
        }
        #expect(found[0].hasPrefix("rank \(ranks - 1)/\(ranks) on "))
        #expect(found.allSatisfy { !$0.isEmpty })
        let agreed = try InProcessCommunicator.run(ranks: ranks) { world in
            try requireAgreement(on: [trait("x")], in: world)
            return true
        }
        #expect(agreed.count == ranks)
    }
}
