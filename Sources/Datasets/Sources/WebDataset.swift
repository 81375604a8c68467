import Files
import Foundation

/// Shards of pictures in tar files, as WebDataset has them: members of one sample follow one another and have one key, their path up to the first
/// dot of the name.
///
/// The class stands beside a picture in `.cls` (a number or a name) or `.json` (the key `cls`, `label` or `class`), or is the folder that it is in.
/// Shards are indexed once, and then read at any place.
package struct WebDataset: Source {
    package let name: String
    package let classNames: [String]
    package let channels = 3

    private let train: Part
    private let test: Part

    /// One split.
    private struct Part: Sendable {
        var shards: [SeekableFile] = []
        var names = FileList()
        var samples: [Sample] = []
    }

    private struct Sample: Sendable {
        let shard: UInt32
        let label: UInt16
        let size: UInt32
        let offset: Int
    }

    /// A picture and what is known of its class, as the archive has them.
    private struct Found {
        var key: [UInt8]
        var shard: Int
        var picture: TarMember?
        var label: String?
    }

    private static let pictures: Set<String> = ["jpg", "jpeg", "png", "webp"]

    /// - Parameters:
    ///   - train: the paths of tar files.
    ///   - test: those of the pictures that are tested on; none for a share of `train`.
    /// - Throws: `DatasetError` for shards that cannot be read, and for pictures without a class.
    init(name: String, train: [String], test: [String], validationFraction: Double) throws(DatasetError) {
        self.name = name
        let (trainShards, trainFound) = try Self.found(in: train)
        let (testShards, testFound) = try Self.found(in: test)
        let labels = try Self.labels(of: trainFound + testFound, folder: name)
        classNames = labels.names
        let training = Self.part(trainShards, trainFound, labels.label)
        if test.isEmpty {
            self.train = Self.selected(training) { !isHeldOut($0, fraction: validationFraction) }
            self.test = Self.selected(training) { isHeldOut($0, fraction: validationFraction) }
        } else {
            self.train = training
            self.test = Self.part(testShards, testFound, labels.label)
        }
        guard classNames.count > 1 else { throw .tooFewClasses(folder: name, found: classNames) }
        guard !self.test.samples.isEmpty else { throw .nothingToTest(folder: name, samples: self.train.samples.count) }
    }

    package func count(of split: Split) -> Int { part(split).samples.count }

    package func label(at index: Int, in split: Split) -> Int { Int(part(split).samples[index].label) }

    package func path(of index: Int, in split: Split) -> String {
        let part = part(split)
        return part.shards[Int(part.samples[index].shard)].path + "/" + part.names.text(index)
    }

    package func read(_ index: Int, of split: Split, into sample: inout StoredSample) throws(SampleError) {
        let part = part(split)
        let found = part.samples[index]
        sample.form = .encoded
        do throws(TarError) {
            try part.shards[Int(found.shard)].read(at: found.offset, count: Int(found.size), into: &sample.bytes)
        } catch {
            throw SampleError("\(path(of: index, in: split)): \(error.reason)")
        }
    }

    private func part(_ split: Split) -> Part {
        switch split {
        case .train: train
        case .test: test
        }
    }

    // MARK: The index

    /// The samples of some shards, in their order.
    private static func found(in paths: [String]) throws(DatasetError) -> (shards: [SeekableFile], found: [Found]) {
        var shards: [SeekableFile] = []
        var found: [Found] = []
        for path in paths {
            let file = try SeekableFile(path)
            var reader = TarReader(file)
            do throws(TarError) {
                var current: Found?
                while let member = try reader.next() {
                    guard let (key, ending) = split(member.name) else { continue }
                    if current?.key != key {
                        if let current, current.picture != nil { found.append(current) }
                        current = Found(key: key, shard: shards.count)
                    }
                    if pictures.contains(ending) {
                        guard member.size <= mostSampleBytes else {
                            throw TarError(
                                reason:
                                    "\(String(pathBytes: member.name)) has \(member.size) bytes; at most \(mostSampleBytes) are read of a picture"
                            )
                        }
                        current?.picture = member
                    } else if ending == "cls" {
                        let text = String(
                            decoding: try file.read(at: member.offset, count: min(member.size, 1000)), as: UTF8.self)
                        current?.label = text.trimmingCharacters(in: .whitespacesAndNewlines)
                    } else if ending == "json" {
                        let bytes = try file.read(at: member.offset, count: min(member.size, 1 << 20))
                        if let label = label(inJSON: bytes) { current?.label = label }
                    }
                }
                if let current, current.picture != nil { found.append(current) }
            } catch {
                throw .damagedArchive(file: path, reason: error.reason)
            }
            shards.append(file)
        }
        return (shards, found)
    }

    /// A key, and what stands behind the first dot of the name, in lower case. nil for hidden files and what macOS leaves behind.
    private static func split(_ name: [UInt8]) -> (key: [UInt8], ending: String)? {
        let start = name.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        guard let dot = name[start...].firstIndex(of: UInt8(ascii: ".")), dot > start else { return nil }
        guard !name.starts(with: "__MACOSX/".utf8) else { return nil }
        return (Array(name[..<dot]), String(decoding: name[(dot + 1)...], as: UTF8.self).lowercased())
    }

    /// The class in a sample's JSON.
    private static func label(inJSON bytes: [UInt8]) -> String? {
        struct About: Decodable {
            let label: String?

            private struct Key: CodingKey {
                let stringValue: String
                let intValue: Int? = nil
                init(stringValue: String) { self.stringValue = stringValue }
                init?(intValue: Int) { nil }
            }

            init(from decoder: any Decoder) throws {
                let values = try decoder.container(keyedBy: Key.self)
                for name in ["cls", "label", "class"] {
                    let key = Key(stringValue: name)
                    if let number = try? values.decode(Int.self, forKey: key) {
                        label = "\(number)"
                        return
                    }
                    if let text = try? values.decode(String.self, forKey: key) {
                        label = text
                        return
                    }
                }
                label = nil
            }
        }
        return (try? JSONDecoder().decode(About.self, from: Data(bytes)))?.label
    }

    /// The names of the classes, and each sample's class.
    private static func labels(
        of samples: [Found], folder: String
    ) throws(DatasetError) -> (names: [String], label: [[UInt8]: UInt16]) {
        var texts: [[UInt8]: String] = [:]
        for sample in samples {
            guard let text = sample.label ?? folderName(of: sample.key) else {
                throw .noClass(folder: folder, sample: String(pathBytes: sample.key))
            }
            texts[sample.key] = text
        }
        let distinct = Set(texts.values)
        let numbers = distinct.compactMap { Int($0) }
        var names: [String]
        if numbers.count == distinct.count, let last = numbers.max() {
            // Numbers are labels; classes in between may have no sample.
            guard let least = numbers.min(), least >= 0, last < Int(UInt16.max) else {
                throw .tooManyClasses(folder: folder, found: last)
            }
            names = (0...last).map { "\($0)" }
        } else {
            names = distinct.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
        guard names.count <= UInt16.max else { throw .tooManyClasses(folder: folder, found: names.count) }
        if names.isEmpty { names = [] }
        let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, UInt16($0)) })
        return (names, texts.compactMapValues { text in Int(text).map { places["\($0)"] } ?? places[text] })
    }

    /// The folder that a sample lies in.
    private static func folderName(of key: [UInt8]) -> String? {
        let parts = key.split(separator: UInt8(ascii: "/"))
        return parts.count > 1 ? String(pathBytes: parts[parts.count - 2]) : nil
    }

    /// The samples in their order: by class, and then by key.
    private static func part(_ shards: [SeekableFile], _ found: [Found], _ labels: [[UInt8]: UInt16]) -> Part {
        var part = Part(shards: shards)
        let labelled = found.compactMap { sample in labels[sample.key].map { (sample, $0) } }
        let sorted = labelled.sorted { a, b in
            a.1 == b.1 ? a.0.key.lexicographicallyPrecedes(b.0.key) : a.1 < b.1
        }
        for (sample, label) in sorted {
            guard let picture = sample.picture else { continue }
            part.names.append(picture.name)
            part.samples.append(
                Sample(
                    shard: UInt32(sample.shard), label: label, size: UInt32(picture.size), offset: picture.offset))
        }
        return part
    }

    private static func selected(_ part: Part, _ isSelected: (ArraySlice<UInt8>) -> Bool) -> Part {
        var selected = Part(shards: part.shards)
        for index in 0..<part.names.count where isSelected(part.names[index]) {
            selected.names.append(part.names[index])
            selected.samples.append(part.samples[index])
        }
        return selected
    }
}
