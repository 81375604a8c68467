/// Networks drawn at random, of which no bit may depend on passes, threads, ranks and instruction sets.
package enum NetworkFuzz {
    /// One case.
    ///
    /// - Throws: `FuzzFailure`, with the smallest network that fails like it.
    package static func run(seed: UInt64, number: Int) throws {
        var random = CaseRandom(seed: seed, number: number)
        let networkCase = NetworkCase(drawnWith: &random)
        do {
            var random = CaseRandom(seed: ~seed, number: number)
            try networkCase.check(&random)
        } catch {
            let (smallest, reason) = networkCase.shrunk(error, seed: ~seed, number: number)
            throw FuzzFailure(
                "\(reason)\n  \(smallest.genes.count) of \(networkCase.genes.count) layers are enough: \(smallest)")
        }
    }

    package static func description(seed: UInt64, number: Int) -> String {
        var random = CaseRandom(seed: seed, number: number)
        return NetworkCase(drawnWith: &random).description
    }
}
