import Files

/// Pictures in tar files: shards in WebDataset's form, or a folder of pictures in an archive.
///
/// The class of a picture is in a file beside it, `.cls` (a number or a name) or `.json`, or is the name of its folder:
/// `train/<class>/…` and `val/<class>/…` are split and ordered as in `ImageFolder`. Shards are indexed once, and then
/// read at any place.
package struct WebDataset: Source {
    package let name: String
    package let classNames: [String]
    package let channels = 3
    package let layout: String?

    private let shards: [any TarShard]
    private let parts: BySplit<Part>

    /// The samples of one split.
    private struct Part: Sendable {
        var names = FileList()
        var labels: [UInt16] = []
        var places: [TarPlace] = []

        mutating func append(_ name: some Collection<UInt8>, _ label: UInt16, _ place: TarPlace) {
            names.append(name)
            labels.append(label)
            places.append(place)
        }

        /// Brings the samples into their order.
        mutating func sort() {
            guard let order = names.order(by: labels) else { return }
            var sorted = Part()
            for index in order { sorted.append(names[index], labels[index], places[index]) }
            self = sorted
        }
    }

    /// - Parameter validationFraction: the share held out for testing where the data do not define it.
    /// - Throws: `DatasetError` for shards that cannot be read, and for pictures without a class.
    init(_ shards: Shards, validationFraction: Double) throws(DatasetError) {
        name = "tar:" + shards.path
        var files: [any TarShard] = []
        var trainRows = TarRows(try TarIndex(shards.train, shards: &files))
        var testRows = shards.test.isEmpty ? nil : TarRows(try TarIndex(shards.test, shards: &files))
        self.shards = files
        if testRows == nil, let (learned, tested) = trainRows.splits {
            (trainRows, testRows) = (learned, tested)
        }
        guard !trainRows.rows.isEmpty else { throw .nothingToLearn(path: shards.path, heldOut: 0) }
        let isLabelled = trainRows.index.isLabelled || testRows?.index.isLabelled == true
        let classes = try TarClasses(of: trainRows, testRows, isLabelled: isLabelled, path: shards.path)
        classNames = classes.names
        var (train, test) = (Part(), Part())
        var heldOut = HeldOut(fraction: validationFraction)
        if testRows == nil {
            for (row, label) in zip(trainRows.rows, classes.trainLabels) {
                let path = Array(classNames[Int(label)].pathBytes) + [UInt8(ascii: "/")]
                let below = isLabelled ? trainRows.index.names[row] : trainRows.pathBelowClass(row)
                heldOut.add(path + key(of: below), label: label)
            }
        }
        for (number, (row, label)) in zip(trainRows.rows, classes.trainLabels).enumerated() {
            let (name, place) = (trainRows.index.names[row], trainRows.index.places[row])
            if testRows == nil && heldOut.contains(number, label: label) {
                test.append(name, label, place)
            } else {
                train.append(name, label, place)
            }
        }
        if let testRows {
            for (row, label) in zip(testRows.rows, classes.testLabels) {
                test.append(testRows.index.names[row], label, testRows.index.places[row])
            }
        }
        train.sort()
        test.sort()
        parts = BySplit(train: train, test: test)
        layout =
            "\(files.count) tar file\(files.count == 1 ? "" : "s"); classes are "
            + (isLabelled ? "in .cls or .json beside the pictures" : "the folders that pictures are in") + "; "
            + (testRows == nil
                ? "a share of \(validationFraction) of the pictures is tested on"
                : shards.test.isEmpty ? "the folders say what is tested on" : "\(shards.test.count) of them tested on")
        guard !train.labels.isEmpty else { throw .nothingToLearn(path: shards.path, heldOut: test.labels.count) }
    }

    package func count(of split: Split) -> Int { parts[split].labels.count }

    package func label(at index: Int, in split: Split) -> Int { Int(parts[split].labels[index]) }

    package func path(of index: Int, in split: Split) -> String {
        let part = parts[split]
        return shards[Int(part.places[index].shard)].path + "/" + part.names.text(index)
    }

    /// Returns the name of the archive, and that in it.
    package func name(of index: Int, in split: Split) -> [UInt8] {
        let part = parts[split]
        return splitPath(shards[Int(part.places[index].shard)].path).name.pathBytes + [UInt8(ascii: "/")]
            + part.names[index]
    }

    package func storedBytes(of index: Int, in split: Split) -> Int? { Int(parts[split].places[index].size) }

    /// The order of reading where any archive is compressed: one archive after the other, from beginning to end.
    package var onlyOrder: [SamplePlace]? {
        guard shards.contains(where: { $0 is CompressedShard }) else { return nil }
        return Split.allCases.flatMap { split in
            parts[split].places.indices.map { SamplePlace(split: split, index: $0) }
        }
        .sorted { first, second in
            let (a, b) = (parts[first.split].places[first.index], parts[second.split].places[second.index])
            return (a.shard, a.offset) < (b.shard, b.offset)
        }
    }

    package func read(_ index: Int, of split: Split, into sample: inout StoredSample) throws(SampleError) {
        let place = parts[split].places[index]
        sample.form = .encoded
        do throws(TarError) {
            try shards[Int(place.shard)].read(at: place.offset, count: Int(place.size), into: &sample.bytes)
        } catch {
            throw SampleError("\(path(of: index, in: split)): \(error.reason)")
        }
        guard sample.bytes.count == Int(place.size) else {
            throw SampleError(
                "\(path(of: index, in: split)): the archive ends after \(sample.bytes.count) of its \(place.size) bytes"
            )
        }
    }
}

/// The pictures of one split in an index.
private struct TarRows {
    let index: TarIndex
    let rows: [Int]
    /// Bytes of a name before the path that the split's pictures do not have in common.
    let start: Int
}

extension TarRows {
    init(_ index: TarIndex) {
        self.init(
            index: index, rows: Array(index.places.indices), start: Self.commonFolders(of: index.names))
    }

    /// Returns the length of the folders that all names begin with.
    private static func commonFolders(of names: FileList) -> Int {
        guard names.count > 0 else { return 0 }
        var common = names[0].prefix(0)
        if let slash = names[0].lastIndex(of: UInt8(ascii: "/")) { common = names[0][...slash] }
        for row in 0..<names.count where !names[row].starts(with: common) {
            let same = zip(common, names[row]).prefix { $0 == $1 }.count
            let slash = common.prefix(same).lastIndex(of: UInt8(ascii: "/"))
            common = slash.map { common[...$0] } ?? common.prefix(0)
        }
        return common.count
    }

    /// The pictures below `train` and those below `val` or the like; nil where there are no such folders.
    var splits: (train: TarRows, test: TarRows)? {
        var folders: Set<ArraySlice<UInt8>> = []
        for row in self.rows { if let folder = firstFolder(row) { folders.insert(folder) } }
        let names = folders.map { Array($0) }
        guard let train = SplitName.first(of: SplitName.train, among: names),
            let test = SplitName.first(of: SplitName.test, among: names)
        else { return nil }
        func rows(in folder: [UInt8]) -> TarRows {
            TarRows(
                index: index, rows: self.rows.filter { firstFolder($0)?.elementsEqual(folder) == true },
                start: start + folder.count + 1)
        }
        return (rows(in: train), rows(in: test))
    }

    /// Returns the first folder of a picture's path; nil where it is in none.
    func firstFolder(_ row: Int) -> ArraySlice<UInt8>? {
        let path = index.names[row].dropFirst(start)
        return path.firstIndex(of: UInt8(ascii: "/")).map { path[..<$0] }
    }

    func pathBelowClass(_ row: Int) -> ArraySlice<UInt8> {
        let path = index.names[row].dropFirst(start)
        return path[(path.firstIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? path.startIndex)...]
    }

    /// Returns the name of a picture's class.
    func className(_ row: Int, isLabelled: Bool) -> ArraySlice<UInt8>? {
        guard isLabelled else { return firstFolder(row) }
        let label = index.labels[row]
        return label < 0 || index.texts[Int(label)].isEmpty ? nil : index.texts[Int(label)][...]
    }
}

/// The classes of pictures in tar files.
private struct TarClasses {
    let names: [String]
    private(set) var trainLabels: [UInt16] = []
    private(set) var testLabels: [UInt16] = []

    init(of train: TarRows, _ test: TarRows?, isLabelled: Bool, path: String) throws(DatasetError) {
        /// The classes' names as they are found, and each picture's.
        var found: [ArraySlice<UInt8>] = []
        var places: [ArraySlice<UInt8>: Int] = [:]
        func classes(of rows: TarRows) throws(DatasetError) -> [Int] {
            var classes: [Int] = []
            classes.reserveCapacity(rows.rows.count)
            for row in rows.rows {
                guard let name = rows.className(row, isLabelled: isLabelled) else {
                    throw .noClass(folder: path, sample: String(pathBytes: rows.index.names[row]))
                }
                let place = places[name] ?? found.count
                if place == found.count {
                    places[name] = place
                    found.append(name)
                }
                classes.append(place)
            }
            return classes
        }
        let trainClasses = try classes(of: train)
        let learned = found.count
        let testClasses = try test.map { rows throws(DatasetError) in try classes(of: rows) } ?? []
        let texts = found.map { String(pathBytes: $0) }
        let numbers = isLabelled ? texts.compactMap { Int($0) } : []
        let labels: [Int]
        if numbers.count == texts.count, let least = numbers.min(), let last = numbers.max() {
            // Numbers are labels; classes in between may have no sample.
            guard least >= 0, last < Int(UInt16.max) else {
                throw .labelOutOfRange(
                    file: path, sample: 0, found: least < 0 ? least : last, classes: Int(UInt16.max))
            }
            names = (0...last).map { "\($0)" }
            labels = numbers
        } else {
            guard learned == found.count else {
                throw .unknownClasses(folder: path, found: texts.suffix(from: learned).map(\.self))
            }
            let order = found.indices.sorted { found[$0].lexicographicallyPrecedes(found[$1]) }
            names = order.map { texts[$0] }
            labels = order.indices.sorted { order[$0] < order[$1] }
        }
        guard names.count > 1 else { throw .tooFewClasses(folder: path, found: names) }
        guard names.count <= UInt16.max else { throw .tooManyClasses(folder: path, found: names.count) }
        trainLabels = trainClasses.map { UInt16(labels[$0]) }
        testLabels = testClasses.map { UInt16(labels[$0]) }
    }
}
