import Datasets
import Tensors
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

    @Test("a balanced epoch draws as many samples of every class, and those of a class equally often but for one draw")
    func balance() {
        // 100 of class 0, 12 of class 2, 1 of class 5: 113 samples, 37 or 38 of each class.
        let labels = (0..<113).map { $0 % 9 == 1 && $0 < 100 ? 2 : $0 == 112 ? 5 : 0 }
        func order(_ epoch: Int, batchSize: Int = 10) -> [UInt32] {
            Sampler(count: 113, batchSize: batchSize, seed: 3, balancedLabels: labels).order(ofEpoch: epoch).samples
        }
        for epoch in 0..<4 {
            let samples = order(epoch)
            #expect(samples.count == 113 && Set(samples).count == 113, "each number calls one draw")
            let indices = samples.map { Int($0) % 113 }
            let counts = Dictionary(grouping: indices) { labels[$0] }.mapValues(\.count)
            #expect(counts.keys.sorted() == [0, 2, 5] && counts.values.sorted() == [37, 38, 38])
            for label in [0, 2, 5] {
                let draws = Dictionary(grouping: indices.filter { labels[$0] == label }) { $0 }.mapValues(\.count)
                #expect((draws.values.max() ?? 0) - (draws.values.min() ?? 0) <= 1)
            }
            // They come in no order of classes.
            #expect(Set(indices.prefix(20).map { labels[$0] }).count == 3)
        }
        #expect(order(0) == order(0, batchSize: 33))
        #expect(Set((0..<4).map { order($0) }).count == 4)
        #expect(Sampler(count: 0, batchSize: 1, seed: 1, balancedLabels: []).order(ofEpoch: 0).samples.isEmpty)
    }

    @Test("a sample that is drawn again is the same sample, augmented otherwise")
    func again() throws {
        let dataset = Shapes()
        let count = dataset.count(of: .train)
        func images(_ numbers: [UInt32], training: Bool) throws -> [[Float]] {
            let look = SampleLook(
                imageSize: 16,
                training: training
                    ? SampleLook.Training(augmentation: .cropFlip, mixing: Mixing(), seed: 1, epoch: 0) : nil)
            let batch = dataset.batch(of: numbers, in: .train, as: look)
            for position in numbers.indices { try batch.prepare(position, with: LoaderScratch()) }
            return numbers.indices.map { batch.images(at: [$0]).floats }
        }
        let numbers = (0..<12).map { UInt32(7 + $0 * count) }
        #expect(Set(try images(numbers, training: false)).count == 1)
        #expect(Set(try images(numbers, training: true)).count > 6)
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
