import Engine
import Graphs
import Networks
import Tensors
import TestSupport
import Testing

/// Pooling of numbers that are NaN.
@Suite struct PoolingTests {
    @Test("a maximum over a NaN is NaN, wherever in the window the NaN is", arguments: [2, 3])
    func notANumber(kernel: Int) throws {
        let size = kernel
        let specimen = try Specimen("one window", channels: 1, imageSize: size, samples: 1) {
            $0.convolution("a", to: 17, kernel: 1).maxPool(kernel: kernel)
        }
        let batch = specimen.batch(shardSizes: [1, 0, 0, 0])
        for backend in Backend.supported {
            let engine = try specimen.engine(backend)
            for place in specimen.images.indices {
                var images = specimen.images
                images[place] = .nan
                _ = try engine.evaluate(
                    Batch(
                        images: FloatImages(images, samples: 1), targets: batch.targets, sampleIDs: batch.sampleIDs,
                        shardSizes: [1]))
                let isNotANumber = engine.logits().map(\.isNaN)
                #expect(!isNotANumber.contains(false), "\(backend), place \(place)")
            }
        }
    }
}
