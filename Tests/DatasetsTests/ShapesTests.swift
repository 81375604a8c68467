import Datasets
import Testing

/// FNV-1a over the bits of all numbers.
private func digest(_ numbers: [Float]) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for number in numbers {
        for shift: UInt32 in [0, 8, 16, 24] {
            hash = (hash ^ UInt64(number.bitPattern >> shift & 255)) &* 0x100_0000_01b3
        }
    }
    return hash
}

private func images(_ split: Split, _ indices: Range<Int>, size: Int) throws -> [Float] {
    try indices.flatMap { try Shapes().image($0, of: split, imageSize: size) }
}

@Suite struct ShapesTests {
    @Test(
        "samples have the same bits on every machine and in every build",
        arguments: [
            (Split.train, 32, 0x78b7_5c17_7914_f4d6 as UInt64), (.test, 32, 0x270e_56dd_aee4_9648),
            (.train, 45, 0x7707_8fb4_0fe8_02cd),
        ])
    func golden(split: Split, size: Int, expected: UInt64) throws {
        #expect(digest(try images(split, 0..<40, size: size)) == expected)
    }

    @Test("a sample does not depend on what was drawn before")
    func purity() throws {
        let first = try Shapes().image(1234, of: .train, imageSize: 32)
        _ = try images(.test, 0..<10, size: 17)
        #expect(first == (try Shapes().image(1234, of: .train, imageSize: 32)))
    }

    @Test("every sample is one of its own: no two of a class or of the splits are the same picture")
    func distinct() throws {
        var seen = Set<UInt64>()
        for split in Split.allCases {
            for index in 0..<500 { seen.insert(digest(try Shapes().image(index, of: split, imageSize: 8))) }
        }
        #expect(seen.count == 1000)
    }

    @Test("classes are equally frequent in both splits", arguments: Split.allCases)
    func balance(split: Split) {
        let shapes = Shapes()
        var frequencies = [Int](repeating: 0, count: 10)
        for index in 0..<shapes.count(of: split) { frequencies[shapes.label(at: index, in: split)] += 1 }
        #expect(frequencies == [Int](repeating: shapes.count(of: split) / 10, count: 10))
        #expect(Set(shapes.classNames).count == 10)
    }

    @Test("pixels have a mean near 0 and a variance near 1, at any size", arguments: [(24, 300), (32, 300), (64, 100)])
    func statistics(size: Int, count: Int) throws {
        let (mean, deviation) = moments(try images(.train, 0..<count, size: size))
        // Pictures rather than pixels are independent, each with a mean of its own of deviation about 0.5.
        #expect(mean.magnitude < 5 * 0.5 / Double(count).squareRoot())
        #expect((deviation - 1).magnitude < 0.15)
    }

    @Test("a picture at twice the size is the same picture")
    func scale() throws {
        for index in 0..<20 {
            let small = try Shapes().image(index, of: .train, imageSize: 32)
            let large = try Shapes().image(index, of: .train, imageSize: 64)
            var correlation = 0.0
            var (squaresSmall, squaresLarge) = (0.0, 0.0)
            let (meanSmall, meanLarge) = (moments(small).mean, moments(large).mean)
            for row in 0..<32 {
                for column in 0..<32 {
                    for channel in 0..<3 {
                        let a = Double(small[(row * 32 + column) * 3 + channel]) - meanSmall
                        let corner = (2 * row * 64 + 2 * column) * 3 + channel
                        let block = large[corner] + large[corner + 3] + large[corner + 192] + large[corner + 195]
                        let b = Double(block) / 4 - meanLarge
                        correlation += a * b
                        squaresSmall += a * a
                        squaresLarge += b * b
                    }
                }
            }
            // Noise and smoothed edges are what differs.
            #expect(correlation / (squaresSmall * squaresLarge).squareRoot() > 0.8)
        }
    }

    @Test("odd sizes are drawn whole", arguments: [1, 2, 15, 16, 17, 31, 33])
    func sizes(size: Int) throws {
        for index in 0..<10 {
            let image = try Shapes().image(index, of: .test, imageSize: size)
            #expect(image.count == size * size * 3)
            #expect(image.allSatisfy { $0.magnitude <= 2 })
        }
    }
}
