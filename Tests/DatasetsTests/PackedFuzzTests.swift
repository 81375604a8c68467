import Foundation
import ImageFaults
import Testing

@testable import Datasets

@Suite struct PackedFuzzTests {
    @Test("no bytes of index and shards crash the reader: it refuses the set, or each sample is had or damaged")
    func fuzz() throws {
        let folder = try MadeFolder()
        try folder.writePhotos()
        try folder.pack(folder.path + "/photos", shardBytes: 1_500)
        try folder.pack(folder.path + "/photos", to: "raw", as: .pixels(shorter: 5), shardBytes: 1_500)
        var random = SeededRandom(seed: 23)
        var (opened, refused, damaged) = (0, 0, 0)
        let end = ContinuousClock.now + .seconds(4)
        var round = 0
        while round < 200 || ContinuousClock.now < end {
            defer { round += 1 }
            let set = ["out", "raw"][round % 2]
            let files = folder.names(set)
            let name = Bool.random(using: &random) ? PackedLayout.indexName : files[round % files.count]
            let sound = try folder.bytes("\(set)/\(name)")
            var changed = mutated(sound, others: [try folder.bytes("\(set)/\(files[0])")], using: &random)
            // Most changes are found by the checksum.
            if name == PackedLayout.indexName, round % 4 < 3 { changed = resealed(changed) }
            try folder.write(changed, to: "\(set)/\(name)")
            do {
                let source = try source("packed:\(folder.path)/\(set)")
                opened += 1
                for split in Split.allCases {
                    for index in 0..<min(source.count(of: split), 40) {
                        #expect(source.label(at: index, in: split) < source.classNames.count)
                        _ = source.path(of: index, in: split)
                        do {
                            if case .pixels(let height, let width) = try stored(source, index, split).form {
                                #expect(
                                    try stored(source, index, split).bytes.count == height * width * source.channels)
                            }
                        } catch { damaged += 1 }
                    }
                    _ = try StoredDataset(source).image(0, of: split, imageSize: 8)
                }
            } catch { refused += 1 }
            try folder.write(sound, to: "\(set)/\(name)")
        }
        #expect(opened > 10 && refused > 10 && damaged > 10)
    }
}
