import Files

/// A dataset that has been packed.
package struct DatasetPacking: Sendable {
    /// Samples that the source has.
    package let samples: Int
    /// Samples that were left out, in the order of splits and samples.
    package let bad: [BadSample]
    package let train: Int
    package let test: Int
    package let shards: Int
    /// Bytes of all files together.
    package let bytes: Int

    /// Packs all samples of a source that can be decoded; the others are left out.
    ///
    /// - Parameters:
    ///   - source: may be one that is read in one order only.
    ///   - folder: is made, or is empty.
    ///   - shardBytes: that a shard has at most, unless its only image has more.
    ///   - threads: that decode at once.
    ///   - progress: is called with the number of samples that are done and of all, a few times a second.
    package init(
        of source: any Source, to folder: String, as content: PackedContent, shardBytes: Int, threads: Int,
        progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws(DatasetError) {
        precondition(content.isUsable, "images cannot be packed as \(content)")
        var writer = try PackedWriter(folder: folder, shardBytes: shardBytes)
        try Self.requireSpace(for: source, as: content, in: folder)
        let work = try PackingWork(source, content, threads: threads)
        defer { work.stop() }
        let samples = work.places.count
        var parts = Split.allCases.map { PackedPart(split: $0, count: source.count(of: $0)) }
        var bad: [BadSample] = []
        var told = ContinuousClock.now
        while let (place, result) = work.take(whileWaiting: { progress($0, samples) }) {
            switch result {
            case .packed(let sample):
                let label = source.label(at: place.index, in: place.split)
                let entry = try writer.append(sample.bytes, form: sample.form, label: label)
                parts[place.split == .train ? 0 : 1].entries[place.index] = entry
            case .bad(let sample):
                bad.append(sample)
            }
            if ContinuousClock.now - told > .milliseconds(250) {
                told = ContinuousClock.now
                progress(work.done, samples)
            }
        }
        bad.sort { $0.split == $1.split ? $0.index < $1.index : $0.split == .train }
        // A set may have none to test with.
        for part in parts where part.split == .train || !part.entries.isEmpty {
            guard part.entries.contains(where: { $0 != nil }) else {
                let first = bad.first { $0.split == part.split }
                throw .nothingToPack(
                    split: part.split.rawValue, samples: part.entries.count, first: first?.reason ?? "there is none")
            }
        }
        try writer.finishShards()
        var names = FileList()
        for part in parts {
            for (index, entry) in part.entries.enumerated() where entry != nil {
                names.append(source.name(of: index, in: part.split))
            }
        }
        (train, test) = (parts[0].entries.count { $0 != nil }, parts[1].entries.count { $0 != nil })
        let shorter = content.shorter ?? .max
        let index = PackedIndex.bytes(
            PackedIndex.Summary(
                kind: source.kind, classNames: source.classNames, channels: source.channels,
                imageSize: source.imageSize.map { min($0, shorter) }, content: content,
                normalisation: source.normalisation),
            shards: writer.shards, entries: parts.flatMap { $0.entries.compactMap(\.self) }, train: train, names: names)
        try writer.finish(index: index)
        shards = writer.shards.count
        bytes = writer.shards.reduce(index.count) { $0 + Int($1.count) }
        (self.samples, self.bad) = (samples, bad)
    }

    /// - Throws: where the bytes of the images are known, and the disk has less space.
    private static func requireSpace(
        for source: any Source, as content: PackedContent, in folder: String
    ) throws(DatasetError) {
        guard let free = freeBytes(in: folder) else { return }
        var needed = 0
        for split in Split.allCases {
            for index in 0..<source.count(of: split) {
                let bytes: Int?
                switch content {
                case .stored: bytes = source.storedBytes(of: index, in: split)
                case .smaller: bytes = nil
                case .pixels(let shorter):
                    let side = source.imageSize.map { min($0, shorter ?? .max) }
                    bytes = side.map { $0 * $0 * source.channels }
                }
                guard let bytes else { return }
                needed += bytes + PackedLayout.sampleEntry + PackedLayout.textEnd
            }
        }
        guard needed <= free else { throw .noSpace(folder: folder, needed: needed, free: free) }
    }
}

/// The entries of one split so far.
private struct PackedPart {
    let split: Split
    var entries: [PackedEntry?]

    init(split: Split, count: Int) {
        self.split = split
        entries = Array(repeating: nil, count: count)
    }
}
