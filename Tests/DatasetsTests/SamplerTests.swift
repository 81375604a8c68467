import Datasets
import Testing

@Suite struct SamplerTests {
    @Test("an epoch visits every sample once", arguments: [0, 1, 2, 3, 10, 1000], [1, 7, 256])
    func permutation(count: Int, batchSize: Int) {
        let sampler = Sampler(count: count, batchSize: batchSize, seed: 1)
        let order = sampler.order(ofEpoch: 3)
        #expect(order.samples.sorted() == (0..<UInt32(count)).map { $0 })
        #expect(order.steps == sampler.stepsPerEpoch)
        #expect((0..<order.steps).flatMap { Array(order[$0]) } == order.samples)
        for step in 0..<order.steps {
            let isLast = step == order.steps - 1
            #expect(order[step].count == (isLast ? count - step * batchSize : batchSize))
        }
    }

    @Test("the order is a function of seed and epoch, and differs between them")
    func purity() {
        func order(_ seed: UInt64, _ epoch: Int) -> [UInt32] {
            Sampler(count: 100, batchSize: 10, seed: seed).order(ofEpoch: epoch).samples
        }
        #expect(order(1, 0) == order(1, 0))
        #expect(Set([order(1, 0), order(1, 1), order(1, 2), order(2, 0), order(2, 1)]).count == 5)
        #expect(order(1, 0) == Sampler(count: 100, batchSize: 33, seed: 1).order(ofEpoch: 0).samples)
    }

    @Test("without shuffling the order is that of the indices")
    func unshuffled() {
        let order = Sampler(count: 50, batchSize: 8, seed: 1, isShuffled: false).order(ofEpoch: 9)
        #expect(order.samples == (0..<50).map { UInt32($0) })
    }

    @Test("every sample is as likely at every place")
    func uniformity() {
        // Ten samples over 20,000 epochs: each of the 100 cells expects 2,000.
        let epochs = 20_000
        var counts = [[Double]](repeating: [Double](repeating: 0, count: 10), count: 10)
        let sampler = Sampler(count: 10, batchSize: 10, seed: 5)
        for epoch in 0..<epochs {
            for (place, sample) in sampler.order(ofEpoch: epoch).samples.enumerated() {
                counts[place][Int(sample)] += 1
            }
        }
        let expected = Double(epochs) / 10
        let tolerance = 5 * (expected * 0.9).squareRoot()
        for cell in counts.joined() { #expect((cell - expected).magnitude < tolerance) }
    }
}
