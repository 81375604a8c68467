import Files

/// A packed dataset: an index, and shards with images as they were stored or as pixels. docs/packed-format.md has the
/// format.
package struct PackedDataset: Source {
    package let name: String
    package let kind: String
    package let classNames: [String]
    package let channels: Int
    package let imageSize: Int?
    package let normalisation: Normalisation?
    package let layout: String?

    private let folder: String
    private let index: PackedIndex
    private let shards: [SeekableFile]

    /// Reads the index, and the first bytes of each shard.
    ///
    /// - Throws: `DatasetError` for files that are damaged, missing or of another dataset.
    init(folder: String) throws(DatasetError) {
        self.folder = folder
        name = "packed:" + folder
        index = try PackedIndex(folder + "/" + PackedLayout.indexName)
        kind = index.kind
        classNames = index.classNames
        channels = index.head.channels
        imageSize = index.head.imageSize
        normalisation = index.normalisation
        var shards: [SeekableFile] = []
        for (number, entry) in index.shards.enumerated() {
            // Thousands of files are more than a process may have open.
            shards.append(try Self.shard(number, entry, in: folder, staysOpen: index.shards.count <= 200))
        }
        self.shards = shards
        layout =
            "\(index.head.content.words) from \(kind), in \(shards.count) shard\(shards.count == 1 ? "" : "s")"
    }

    private static func shard(
        _ number: Int, _ entry: PackedShardEntry, in folder: String, staysOpen: Bool
    ) throws(DatasetError) -> SeekableFile {
        let path = folder + "/" + PackedLayout.shardName(number)
        guard fileExists(path) else { throw .damagedPack(file: path, reason: "it is not there") }
        let file = try SeekableFile(path, staysOpen: staysOpen)
        guard file.count == Int(clamping: entry.count) else {
            throw .damagedPack(
                file: path, reason: "it has \(file.count) bytes, and \(PackedLayout.indexName) says \(entry.count)")
        }
        var bytes: [UInt8] = []
        do throws(TarError) {
            try file.read(at: 0, count: PackedLayout.shardHeader, into: &bytes)
        } catch {
            throw .unreadable(file: path, reason: error.reason)
        }
        guard bytes == entry.header(number: number) else {
            throw .damagedPack(
                file: path,
                reason:
                    "its first bytes are not those of shard \(number) of this set: it is another's, "
                    + "or they have changed"
            )
        }
        return file
    }

    /// Samples have checksums of their own, which are looked at when they are read.
    package var mayBeDamaged: Bool { true }

    package func count(of split: Split) -> Int { split == .train ? index.head.train : index.head.test }

    package func label(at index: Int, in split: Split) -> Int { Int(self.index[place(index, split)].label) }

    package func path(of index: Int, in split: Split) -> String {
        "\(String(pathBytes: name(of: index, in: split))) of \(folder)"
    }

    package func name(of index: Int, in split: Split) -> [UInt8] {
        self.index.name(place(index, split)) ?? Array("image \(index) to \(split.rawValue)".utf8)
    }

    package func storedBytes(of index: Int, in split: Split) -> Int? { Int(self.index[place(index, split)].count) }

    package func read(_ index: Int, of split: Split, into sample: inout StoredSample) throws(SampleError) {
        let entry = self.index[place(index, split)]
        let file = shards[Int(entry.shard)]
        sample.form = entry.form
        func fault(_ reason: String) -> SampleError {
            SampleError("\(path(of: index, in: split)): \(reason). Copy that file again, or pack anew.")
        }
        do throws(TarError) {
            try file.read(at: Int(entry.offset), count: Int(entry.count), into: &sample.bytes)
        } catch {
            throw fault("\(file.path) cannot be read: \(error.reason)")
        }
        guard sample.bytes.count == Int(entry.count) else {
            throw fault("\(file.path) has \(sample.bytes.count) of its \(entry.count) bytes")
        }
        guard XXH64.of(sample.bytes.span.bytes) == entry.sum else {
            throw fault("its bytes in \(file.path) have changed")
        }
    }

    /// Returns a sample's place in the index.
    private func place(_ index: Int, _ split: Split) -> Int { split == .train ? index : self.index.head.train + index }
}
