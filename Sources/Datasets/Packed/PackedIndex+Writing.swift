import Files

extension PackedIndex {
    /// The properties of a whole set that an index has.
    struct Summary {
        let kind: String
        let classNames: [String]
        let channels: Int
        let imageSize: Int?
        let content: PackedContent
        let normalisation: Normalisation?
    }

    /// Returns the file of an index.
    ///
    /// - Parameters:
    ///   - entries: those of the training samples, and then of the test samples.
    ///   - train: the number of training samples.
    ///   - names: the names of the samples.
    static func bytes(
        _ summary: Summary, shards: [PackedShardEntry], entries: [PackedEntry], train: Int, names: FileList
    ) -> [UInt8] {
        var texts = FileList()
        texts.append(summary.kind.pathBytes)
        texts.append(summary.normalisation?.name.pathBytes ?? [])
        for name in summary.classNames { texts.append(name.pathBytes) }
        var bytes = PackedLayout.indexMagic
        let textBytes = texts.byteCount + names.byteCount
        for number in [
            PackedLayout.version, UInt32(summary.channels), UInt32(summary.imageSize ?? 0),
        ] + summary.content.numbers {
            bytes.append(littleEndian: number)
        }
        for number in [summary.classNames.count, train, entries.count - train, shards.count, textBytes] {
            bytes.append(littleEndian: UInt64(number))
        }
        bytes.append(littleEndian: UInt32(summary.normalisation?.channels ?? 0))
        for moments in [summary.normalisation?.means ?? [], summary.normalisation?.deviations ?? []] {
            for place in 0..<3 {
                bytes.append(littleEndian: place < moments.count ? moments[place].bitPattern : 0)
            }
        }
        bytes += repeatElement(0, count: PackedLayout.header - bytes.count)
        bytes.reserveCapacity(
            bytes.count + PackedLayout.shardEntry * shards.count
                + (PackedLayout.sampleEntry + PackedLayout.textEnd) * entries.count + textBytes + 4096)
        for shard in shards {
            bytes.append(littleEndian: shard.count)
            bytes.append(littleEndian: shard.sum)
        }
        for entry in entries { entry.write(to: &bytes) }
        for place in 0..<texts.count { bytes.append(littleEndian: UInt64(texts.end(place))) }
        for place in 0..<names.count { bytes.append(littleEndian: UInt64(texts.byteCount + names.end(place))) }
        for place in 0..<texts.count { bytes += texts[place] }
        for place in 0..<names.count { bytes += names[place] }
        bytes.append(littleEndian: XXH64.of(bytes.span.bytes))
        return bytes
    }
}
