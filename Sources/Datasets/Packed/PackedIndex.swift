import Files

/// The index of a packed dataset: its contents, and the place of each sample.
///
/// The samples' entries stay in memory in the file's form, 40 bytes each; names are read when a message needs one. The
/// file is read rather than mapped: when a mapped file becomes shorter, the process crashes without a message.
struct PackedIndex: Sendable {
    let file: SeekableFile
    let head: PackedHead
    private(set) var shards: [PackedShardEntry] = []
    /// The kind of the source: `folder`, `tar`, `mnist`, ….
    private(set) var kind = ""
    private var normalisationName = ""
    private(set) var classNames: [String] = []
    private var entries: [UInt8] = []
    /// The byte offsets in the file of the list of texts' ends; `texts` is that of the texts themselves.
    private let ends: Int
    private let texts: Int

    /// Reads and checks the whole index.
    ///
    /// - Throws: `DatasetError.damagedPack` for anything but a whole index, `laterPack`, `unreadable`.
    init(_ path: String) throws(DatasetError) {
        file = try SeekableFile(path)
        var part = PackedReader(file)
        head = try PackedHead(
            try part.next(min(PackedLayout.header, file.count)), length: file.count, path: path)
        ends = PackedLayout.header + PackedLayout.shardEntry * head.shards + PackedLayout.sampleEntry * head.samples
        texts = ends + PackedLayout.textEnd * head.texts
        let shards = try part.next(PackedLayout.shardEntry * head.shards)
        entries = try part.next(PackedLayout.sampleEntry * head.samples)
        let (ends, areSound) = try part.nextEnds(
            head.texts, of: head.textBytes, kept: PackedLayout.headTexts(classes: head.classes))
        let words = try part.nextTexts(head.textBytes, kept: Int(min(ends.last ?? 0, UInt64(head.textBytes))))
        let sum = part.sum
        let last = try part.next(PackedLayout.sum)
        guard last.span.bytes.number(0, as: UInt64.self) == sum else {
            throw damaged("its checksum is another than that of its bytes")
        }
        try head.check()
        guard areSound else { throw damaged("its texts do not follow one another to their end") }
        self.shards = stride(from: 0, to: shards.count, by: PackedLayout.shardEntry).map { place in
            PackedShardEntry(shards.span.bytes, at: place)
        }
        var begin = 0
        for (index, end) in ends.enumerated() {
            let text = String(pathBytes: words[begin..<Int(end)])
            begin = Int(end)
            switch index {
            case 0: kind = text
            case 1: normalisationName = text
            default: classNames.append(text)
            }
        }
        try checkEntries()
    }

    /// Returns the entry of sample `index` among all, with the training samples first.
    subscript(index: Int) -> PackedEntry { PackedEntry(entries.span.bytes, at: PackedLayout.sampleEntry * index) }

    /// The moments that are known of the images.
    var normalisation: Normalisation? {
        head.means.isEmpty
            ? nil : Normalisation(name: normalisationName, means: head.means, deviations: head.deviations)
    }

    /// Returns the name of sample `index` in its source; nil where that cannot be read.
    func name(_ index: Int) -> [UInt8]? {
        let first = PackedLayout.headTexts(classes: head.classes) + index - 1
        var bytes: [UInt8] = []
        guard (try? file.read(at: ends + PackedLayout.textEnd * first, count: 16, into: &bytes)) != nil,
            bytes.count == 16
        else { return nil }
        let begin: UInt64 = bytes.span.bytes.number(0)
        let end: UInt64 = bytes.span.bytes.number(8)
        // Both were checked; the file may be another since.
        guard begin <= end, end <= UInt64(head.textBytes),
            (try? file.read(at: texts + Int(begin), count: Int(end - begin), into: &bytes)) != nil,
            bytes.count == Int(end - begin)
        else { return nil }
        return bytes
    }

    private func damaged(_ reason: String) -> DatasetError { .damagedPack(file: file.path, reason: reason) }

    private func checkEntries() throws(DatasetError) {
        for index in 0..<head.samples {
            if let fault = fault(of: self[index]) { throw damaged("sample \(index) \(fault)") }
            guard entries.span.bytes.number(PackedLayout.sampleEntry * (index + 1) - 4, as: UInt32.self) == 0 else {
                throw damaged("sample \(index) has a number where nothing but 0 is known")
            }
        }
    }

    /// Returns the error of a sample's entry for a message; nil where it is valid.
    private func fault(of entry: PackedEntry) -> String? {
        guard entry.shard < UInt32(shards.count) else {
            return "lies in shard \(entry.shard), and there are \(shards.count)"
        }
        let length = shards[Int(entry.shard)].count
        let (end, overflows) = entry.offset.addingReportingOverflow(UInt64(entry.count))
        guard entry.offset >= UInt64(PackedLayout.shardHeader), !overflows, end <= length else {
            return "has \(entry.count) bytes from byte \(entry.offset) of shard \(entry.shard), which has \(length)"
        }
        guard entry.label < UInt32(head.classes) else {
            return "has the label \(entry.label), and there are \(head.classes) classes"
        }
        guard entry.count <= UInt32(mostSampleBytes) else {
            return "has \(entry.count) bytes; at most \(mostSampleBytes) are read of a picture"
        }
        guard case .pixels(let height, let width) = entry.form else { return nil }
        // Products of two numbers of 32 bits do not overflow 64 without a sign.
        let pixels = UInt64(entry.height) * UInt64(entry.width)
        guard pixels > 0, pixels <= UInt64(Image.mostPixels), pixels * UInt64(head.channels) == UInt64(entry.count),
            head.imageSize.map({ $0 == height && $0 == width }) ?? true
        else { return "has \(width) x \(height) pixels in \(entry.count) bytes" }
        return nil
    }
}

/// A file that is read from its beginning, and its checksum so far.
private struct PackedReader {
    private let file: SeekableFile
    private var place = 0
    private var running = XXH64()

    var sum: UInt64 { running.value }

    init(_ file: SeekableFile) { self.file = file }

    /// Returns the next bytes.
    mutating func next(_ count: Int) throws(DatasetError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        try pass(count) { bytes += $0 }
        return bytes
    }

    /// Returns the next places where texts end.
    ///
    /// - Returns: the first `kept` of them, and whether each is at least the one before and the last is `total`.
    mutating func nextEnds(
        _ count: Int, of total: Int, kept: Int
    ) throws(DatasetError) -> (first: [UInt64], areSound: Bool) {
        var first: [UInt64] = []
        var last: UInt64 = 0
        var areSound = true
        try pass(PackedLayout.textEnd * count) { bytes in
            for place in stride(from: 0, to: bytes.count, by: PackedLayout.textEnd) {
                let end: UInt64 = bytes.span.bytes.number(place)
                if end < last { areSound = false }
                last = end
                if first.count < kept { first.append(end) }
            }
        }
        return (first, areSound && last == UInt64(total))
    }

    /// Returns the first `kept` of the next bytes.
    mutating func nextTexts(_ count: Int, kept: Int) throws(DatasetError) -> [UInt8] {
        var first: [UInt8] = []
        try pass(count) { bytes in if first.count < kept { first += bytes.prefix(kept - first.count) } }
        return first
    }

    /// Hands over the next bytes, a part at a time.
    private mutating func pass(_ count: Int, _ body: ([UInt8]) -> Void) throws(DatasetError) {
        let end = place + count
        var buffer: [UInt8] = []
        var sum = running
        defer { running = sum }
        while place < end {
            let wanted = min(end - place, 1 << 20)
            do throws(TarError) {
                try file.read(at: place, count: wanted, into: &buffer)
            } catch {
                throw .unreadable(file: file.path, reason: error.reason)
            }
            guard buffer.count == wanted else {
                throw .damagedPack(file: file.path, reason: "it became shorter while it was read")
            }
            sum.add(buffer.span.bytes)
            place += wanted
            body(buffer)
        }
    }
}
