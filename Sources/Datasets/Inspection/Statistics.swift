/// The statistics of a dataset's images: classes, sizes, moments and faults.
package struct DatasetStatistics: Sendable {
    /// Samples of each class.
    package let train: [Int]
    package let test: [Int]
    package let widths: Extent
    package let heights: Extent
    /// The means of bytes scaled to [0, 1], for each channel, over all pixels to learn from.
    package let means: [Double]
    package let deviations: [Double]
    /// The test images whose pixels are also those of a training image, by their paths.
    package let duplicates: [(test: String, train: String)]
    /// Samples that cannot be had.
    package let bad: [BadSample]

    /// The least, the middle and the greatest of some numbers.
    package struct Extent: Encodable, Sendable {
        package let least: Int
        package let median: Int
        package let most: Int

        /// - Parameter counts: how often each number comes.
        fileprivate init(_ counts: [Int: Int]) {
            let sorted = counts.sorted { $0.key < $1.key }
            let all = counts.values.reduce(0, +)
            least = sorted.first?.key ?? 0
            most = sorted.last?.key ?? 0
            var before = 0
            median =
                sorted.first { number in
                    before += number.value
                    return before * 2 >= all
                }?.key ?? 0
        }
    }

    /// Decodes all samples as a whole.
    ///
    /// - Parameter progress: is called with the number of samples that are done and of all, a few times a second.
    package init(
        of source: any Source, threads: Int, progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws(DatasetError) {
        let counts = Split.allCases.map(source.count)
        let all = counts.reduce(0, +)
        let learned = try source.walk(.train, threads: threads, finding: Measured.self) { progress($0, all) }
        let tested = try source.walk(.test, threads: threads, finding: Measured.self) { progress(counts[0] + $0, all) }
        (train, test) = (Self.classes(of: source, in: .train), Self.classes(of: source, in: .test))
        widths = Extent(learned.widths.merging(tested.widths, uniquingKeysWith: +))
        heights = Extent(learned.heights.merging(tested.heights, uniquingKeysWith: +))
        means = learned.sums?.means.map { $0 / 255 } ?? []
        deviations = learned.sums?.variances.map { max($0, 0).squareRoot() / 255 } ?? []
        // The first of several.
        var first: [UInt64: Int] = [:]
        for (index, digest) in learned.digests { first[digest] = min(first[digest] ?? index, index) }
        duplicates = tested.digests.sorted { $0.index < $1.index }.compactMap { index, digest in
            first[digest].map { (source.path(of: index, in: .test), source.path(of: $0, in: .train)) }
        }
        bad = (learned.bad + tested.bad).sorted {
            $0.split == $1.split ? $0.index < $1.index : $0.split == .train
        }
    }

    /// Returns the number of samples of each class in a split.
    package static func classes(of source: any Source, in split: Split) -> [Int] {
        var counts = [Int](repeating: 0, count: source.classNames.count)
        for index in 0..<source.count(of: split) { counts[source.label(at: index, in: split)] += 1 }
        return counts
    }
}

/// Counts and sums over images: no order of threads changes them.
private struct Measured: Finding {
    var widths: [Int: Int] = [:]
    var heights: [Int: Int] = [:]
    /// nil where there is no image.
    var sums: PixelSums?
    var digests: [(index: Int, digest: UInt64)] = []
    var bad: [BadSample] = []

    mutating func add(_ index: Int, height: Int, width: Int, channels: Int, pixels: Span<UInt8>) {
        widths[width, default: 0] += 1
        heights[height, default: 0] += 1
        if sums == nil { sums = PixelSums(channels: channels) }
        sums?.add(pixels)
        var digest = FNV1a()
        digest.add(UInt64(height) << 32 | UInt64(width))
        digest.add(pixels)
        digests.append((index, digest.value))
    }

    mutating func add(bad sample: BadSample) { bad.append(sample) }

    mutating func merge(_ other: Measured) {
        widths.merge(other.widths, uniquingKeysWith: +)
        heights.merge(other.heights, uniquingKeysWith: +)
        if sums == nil {
            sums = other.sums
        } else if let added = other.sums {
            sums?.add(added)
        }
        digests += other.digests
        bad += other.bad
    }
}
