import Engine
import Networks
import TestSupport
import Testing

/// Channels that stand beside each other in one tensor.
@Suite struct ConcatenationTests {
    @Test(
        "a concatenation that lies in another one leaves alone what stands beside it", arguments: [[8, 8], [3, 29]])
    func nested(parts: [Int]) throws {
        // What stands beside it has been written before: 48 channels, of whole vectors, in place.
        let specimen = try Specimen("nested", imageSize: 6) { images in
            let x = images.convolution("stem", to: 16, kernel: 3, padding: 1)
            let beside = x.convolution("beside", to: 48, kernel: 3, padding: 1).sigmoid()
            let first = x.convolution("first", to: parts[0], kernel: 1).sigmoid()
            return first.concatenate(x.convolution("second", to: parts[1], kernel: 1).sigmoid()).concatenate(beside)
        }
        let expectation = Expectation(specimen)
        for backend in Backend.supported {
            let engine = try specimen.engine(backend)
            try expectation.check(engine, shardSizes: specimen.shardSizes(4), "\(backend)")
        }
    }
}
