import Testing

@testable import Launching

@Suite("The choice of ranks") struct RankChoiceTests {
    private func choice(
        _ ranks: Int, _ hosts: String, spares: String? = nil, suspects: Set<String> = [], shards: Int = 8,
        any: Bool = false
    ) throws -> RankChoice? {
        RankChoice(
            RankChoice.Wish(ranks: ranks, virtualShards: shards, takesAnyNumber: any),
            hosts: hosts.isEmpty ? [] : try HostList(parsing: hosts).hosts,
            spares: try spares.map { try HostList(parsing: $0).hosts } ?? [], suspects: suspects)
    }

    private func words(_ choice: RankChoice?) -> String {
        guard let choice else { return "none" }
        return "\(choice.ranks) on " + choice.hosts.map(\.name).joined(separator: " ")
    }

    @Test(
        "the ranks are those asked for where they fit, else a power of two up to the shards, or all by option",
        arguments: [
            (8, "a:4,b:4", 8, false, "8 on a b"), (6, "a:4,b:4", 8, false, "6 on a b"), (3, "a:3", 8, false, "3 on a"),
            (8, "a:4,b:2", 8, false, "4 on a b"), (8, "a:4,b:3", 8, true, "7 on a b"), (64, "a:40", 8, false, "8 on a"),
            (64, "a:40", 64, false, "32 on a"), (64, "a:40", 8, true, "40 on a"), (4, "a:1", 8, false, "1 on a"),
            (4, "a:3", 1, false, "1 on a"), (4, "", 8, false, "none"), (4, "", 8, true, "none"),
        ] as [(Int, String, Int, Bool, String)])
    func number(ranks: Int, hosts: String, shards: Int, any: Bool, expected: String) throws {
        #expect(words(try choice(ranks, hosts, shards: shards, any: any)) == expected)
    }

    @Test(
        "the choice of ranks takes spare hosts when others are too few, and no more than help",
        arguments: [
            ("a:4,b:4", "c:4", "8 on a b"), ("a:4", "c:4,d:4", "8 on a c"), ("a:4", "c:1,d:1", "4 on a"),
            ("a:4", "c:2,d:2", "8 on a c d"), ("", "c:4,d:4", "8 on c d"), ("a:3", "c:1", "4 on a c"),
        ])
    func spares(hosts: String, spares: String, expected: String) throws {
        #expect(words(try choice(8, hosts, spares: spares)) == expected)
    }

    @Test("spare hosts replace a host on which the program failed, where that costs no rank")
    func suspects() throws {
        #expect(words(try choice(4, "a:2,b:2", spares: "c:2", suspects: ["b"])) == "4 on a c")
        #expect(words(try choice(4, "a:2,b:2", spares: "c:1", suspects: ["b"])) == "4 on a b")
        #expect(words(try choice(4, "a:2,b:2", suspects: ["b"])) == "4 on a b")
        #expect(words(try choice(2, "a:2", suspects: ["a"])) == "2 on a")
    }

    @Test("the choice of ranks deals ranks out in turns, as mpirun does by node")
    func dealing() throws {
        #expect(try choice(8, "a:4,b:4")?.ranksByHost == ["a": 4, "b": 4])
        #expect(try choice(7, "a:4,b:1,c:9")?.ranksByHost == ["a": 3, "b": 1, "c": 3])
        #expect(try choice(1, "a:4,b:4")?.ranksByHost == ["a": 1])
    }
}
