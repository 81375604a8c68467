import Files
import Foundation

/// The place of a picture in the tar files of a set.
struct TarPlace: Sendable {
    let shard: UInt32
    let size: UInt32
    let offset: Int
}

/// The pictures of some tar files, and the classes that files beside them give.
///
/// Members of one sample follow one another and have one key, their path up to the first dot of the name, as WebDataset
/// has them. (`0001.jpg`, `0001.cls`.) Where nothing but pictures has a key, as in `dog.1.jpg` and `dog.2.jpg`, each is
/// a sample.
struct TarIndex {
    /// The name of each picture, in the order of the files.
    private(set) var names = FileList()
    private(set) var places: [TarPlace] = []
    /// The class of each picture by its `.cls` or `.json`: a place in `texts`, or -1 for none.
    private(set) var labels: [Int32] = []
    private(set) var texts: [[UInt8]] = []
    /// Whether any picture has a file beside it with its class.
    var isLabelled: Bool { !texts.isEmpty }

    private var placeOfText: [[UInt8]: Int32] = [:]

    /// - Parameters:
    ///   - paths: of tar files.
    ///   - shards: gains them.
    init(_ paths: [String], shards: inout [any TarShard]) throws(DatasetError) {
        for path in paths {
            // Thousands of files are more than a process may have open.
            let file: any TarShard =
                ArchiveReading.anyPlace.refuses(path.pathBytes)
                ? try CompressedShard(path) : try SeekableFile(path, staysOpen: paths.count <= 200)
            do throws(TarError) {
                try add(file, shard: UInt32(shards.count))
            } catch {
                throw .damagedArchive(file: path, reason: error.reason)
            }
            shards.append(file)
        }
    }

    /// Members of one key.
    private struct Group {
        let key: [UInt8]
        /// `0001.jpg`, and such as `0001.left.jpg`.
        var pictures: [TarMember] = []
        var others: [TarMember] = []
        var label: [UInt8]?
    }

    private mutating func add(_ file: some TarShard, shard: UInt32) throws(TarError) {
        let first = places.count
        var reader = TarReader(file)
        var group = Group(key: [])
        while let member = try reader.next() {
            guard let dot = Self.firstDot(of: member.name) else { continue }
            if !group.key.elementsEqual(member.name[..<dot]) {
                try add(group, shard: shard)
                group = Group(key: Array(member.name[..<dot]))
            }
            let ending = member.name[(dot + 1)...]
            if PictureEnding.isPicture(member.name) {
                guard member.size <= mostSampleBytes else {
                    throw TarError(
                        reason:
                            "\(String(pathBytes: member.name)) has \(member.size) bytes; at most \(mostSampleBytes) "
                            + "are read of a picture")
                }
                if ending.contains(UInt8(ascii: ".")) {
                    group.others.append(member)
                } else {
                    group.pictures.append(member)
                }
            } else if ending.elementsEqual("cls".utf8) {
                group.label = Self.trimmed(try content(of: member, in: file, most: 1_000))
            } else if ending.elementsEqual("json".utf8), group.label == nil {
                group.label = Self.label(inJSON: try content(of: member, in: file, most: 1 << 20))
            }
        }
        try add(group, shard: shard)
        try file.finish(after: places[first...].map { $0.offset + Int($0.size) }.max() ?? 0)
    }

    private func content(of member: TarMember, in file: some TarShard, most: Int) throws(TarError) -> [UInt8] {
        guard member.size <= most else {
            throw TarError(
                reason:
                    "\(String(pathBytes: member.name)) has \(member.size) bytes; at most \(most) are read of a label")
        }
        var bytes: [UInt8] = []
        try file.read(at: member.offset, count: member.size, into: &bytes)
        return bytes
    }

    private mutating func add(_ group: Group, shard: UInt32) throws(TarError) {
        guard let label = group.label else {
            for picture in group.pictures + group.others { add(picture, label: -1, shard: shard) }
            return
        }
        let place = placeOfText[label] ?? Int32(texts.count)
        if place == texts.count {
            placeOfText[label] = place
            texts.append(label)
        }
        switch (group.pictures.count, group.others.count) {
        case (1, _): add(group.pictures[0], label: place, shard: shard)
        case (0, 1): add(group.others[0], label: place, shard: shard)
        case let (plain, others):
            let key = String(pathBytes: group.key)
            throw TarError(
                reason: plain + others == 0
                    ? "beside the class of \(key) there is no picture: members of one sample must follow one another"
                    : "beside the class of \(key) there are \(max(plain, others)) pictures, where one is expected")
        }
    }

    private mutating func add(_ picture: TarMember, label: Int32, shard: UInt32) {
        names.append(picture.name)
        places.append(TarPlace(shard: shard, size: UInt32(picture.size), offset: picture.offset))
        labels.append(label)
        if labels.count % OpeningProgress.interval == 0 { OpeningProgress.foundMore() }
    }

    /// Returns the index of the first dot of a member's name; nil where it has none, for hidden files and for files
    /// that macOS leaves behind.
    private static func firstDot(of name: [UInt8]) -> Int? {
        let start = name.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        guard let dot = name[start...].firstIndex(of: UInt8(ascii: ".")), dot > start else { return nil }
        let isHidden = name[..<start].split(separator: UInt8(ascii: "/")).contains {
            $0.first == UInt8(ascii: ".") || $0.elementsEqual("__MACOSX".utf8)
        }
        return isHidden ? nil : dot
    }

    private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        let blanks = Array(" \t\r\n\0".utf8)
        return Array(bytes.drop { blanks.contains($0) }.reversed().drop { blanks.contains($0) }.reversed())
    }

    /// Returns the class in a sample's JSON: the first of `cls`, `label` and `class` that is a whole number or a text.
    private static func label(inJSON bytes: [UInt8]) -> [UInt8]? {
        struct Label: Decodable {
            let text: String
            init(from decoder: any Decoder) throws {
                let value = try decoder.singleValueContainer()
                if let number = try? value.decode(Int.self) {
                    text = "\(number)"
                } else {
                    text = try value.decode(String.self)
                }
            }
        }
        struct Labels: Decodable {
            let text: String?
            enum Key: String, CodingKey, CaseIterable { case cls, label, `class` }
            init(from decoder: any Decoder) throws {
                let values = try decoder.container(keyedBy: Key.self)
                text = Key.allCases.lazy.compactMap { try? values.decode(Label.self, forKey: $0).text }.first
            }
        }
        let text = (try? JSONDecoder().decode(Labels.self, from: Data(bytes)))?.text
        return text.map { Array($0.utf8) }
    }
}
