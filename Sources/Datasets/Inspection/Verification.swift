/// Whether all samples of a dataset can be had.
package struct DatasetVerification: Sendable {
    package let samples: Int
    /// The samples that cannot be had, in the order of splits and samples.
    package let bad: [BadSample]

    private struct Damaged: Finding {
        var samples: [BadSample] = []

        mutating func add(_ index: Int, height: Int, width: Int, channels: Int, pixels: Span<UInt8>) {}
        mutating func add(bad sample: BadSample) { samples.append(sample) }
        mutating func merge(_ other: Damaged) { samples += other.samples }
    }

    /// Decodes all samples as a whole.
    ///
    /// - Parameter progress: is called with the number of samples that are done and of all, a few times a second.
    package init(
        of source: any Source, threads: Int, progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws(DatasetError) {
        let samples = Split.allCases.map(source.count).reduce(0, +)
        var bad: [BadSample] = []
        var before = 0
        for split in Split.allCases {
            let found = try source.walk(split, threads: threads, finding: Damaged.self) { done in
                progress(before + done, samples)
            }
            bad += found.samples.sorted { $0.index < $1.index }
            before += source.count(of: split)
        }
        self.samples = samples
        self.bad = bad
    }
}
