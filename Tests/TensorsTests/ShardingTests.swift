import Tensors
import Testing

private let batchSizes = [0, 1, 2, 7, 8, 9, 31, 32, 33, 255, 256]

@Suite struct ShardingTests {
    @Test(
        "shards cut a batch into consecutive runs whose sizes differ by one at most", arguments: [1, 2, 3, 8, 16],
        batchSizes)
    func partition(shards: Int, batchSize: Int) {
        let sharding = Sharding(shards: shards)
        let runs = (0..<shards).map { sharding.samples(ofShard: $0, batchSize: batchSize) }
        #expect(runs.first?.lowerBound == 0 && runs.last?.upperBound == batchSize)
        for (run, next) in zip(runs, runs.dropFirst()) {
            #expect(run.upperBound == next.lowerBound)
            #expect(run.count == next.count || run.count == next.count + 1)
        }
        let sizes = runs.map(\.count)
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
        #expect(sizes.max() == sharding.capacity(batchSize: batchSize))
    }

    @Test(
        "every shard belongs to one rank, and a shard's samples do not depend on the ranks",
        arguments: [1, 2, 3, 4, 5, 8])
    func ownership(ranks: Int) {
        let all = (0..<ranks).map { Sharding(ranks: ranks, rank: $0) }
        #expect(all.flatMap(\.ownShards).sorted() == Array(0..<8))
        for sharding in all {
            #expect(sharding.ownShards.allSatisfy { $0 % ranks == sharding.rank })
            for shard in 0..<8 {
                #expect(
                    sharding.samples(ofShard: shard, batchSize: 45) == Sharding().samples(ofShard: shard, batchSize: 45)
                )
            }
        }
    }

    @Test("more ranks than shards still leave each rank one shard")
    func manyRanks() {
        for rank in 0..<11 { #expect(Sharding(shards: 8, ranks: 11, rank: rank).ownShards == [rank]) }
    }

    @Test("sums are exact where ranks and shards are powers of two, and shards are enough", arguments: 1...16)
    func exactness(ranks: Int) {
        #expect(Sharding(ranks: ranks).isExact == [1, 2, 4, 8].contains(ranks))
        #expect(Sharding(shards: 16, ranks: ranks).isExact == [1, 2, 4, 8, 16].contains(ranks))
        #expect(!Sharding(shards: 6, ranks: ranks).isExact)
    }
}
