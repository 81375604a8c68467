import Files

/// A folder of pictures, with a folder for each class.
///
/// Either `train/<class>/…` with `val`, `valid`, `validation` or `test` beside it, or only classes, of which a share is
/// held out for testing. Classes are sorted by the bytes of their names, as in torchvision's ImageFolder. Pictures may
/// be in subfolders of their class's folder. ImageNet's val may be flat: `ValidationLabels` has its classes.
package struct ImageFolder: Source {
    package let name: String
    package let classNames: [String]
    package let channels = 3
    package let layout: String?

    private let path: String
    private let parts: BySplit<Part>

    /// The pictures of one split.
    private struct Part: Sendable {
        /// Ends with a slash.
        let folder: String
        var files = FileList()
        var labels: [UInt16] = []

        mutating func append(_ path: some Collection<UInt8>, _ label: UInt16) {
            files.append(path)
            labels.append(label)
        }

        /// Brings the pictures into their order.
        mutating func sort() {
            guard let order = files.order(by: labels) else { return }
            var sorted = Part(folder: folder)
            for index in order { sorted.append(files[index], labels[index]) }
            self = sorted
        }
    }

    /// Lists all pictures; opens none.
    ///
    /// - Parameters:
    ///   - path: of the folder.
    ///   - validationFraction: the share that is kept for testing where no folder is.
    /// - Throws: `DatasetError` for folders that cannot be read or are not as described.
    init(path: String, validationFraction: Double) throws(DatasetError) {
        self.path = path
        name = "folder:" + path
        let top = try FolderEntries(of: path).names(of: .folder)
        func folder(_ name: [UInt8]) -> String { path + "/" + String(pathBytes: name) }
        let trainFolder = SplitName.first(of: SplitName.train, among: top).map(folder)
        let classes = try FolderEntries(of: trainFolder ?? path).names(of: .folder)
        classNames = classes.map { String(pathBytes: $0) }
        guard classes.count > 1 else { throw .tooFewClasses(folder: trainFolder ?? path, found: classNames) }
        guard classes.count <= UInt16.max else { throw .tooManyClasses(folder: path, found: classes.count) }
        let all = try Self.part(trainFolder ?? path, classes)
        try Self.check(all, classNames, folder: trainFolder ?? path)
        if let trainFolder, let found = try Self.test(of: path, top, classes) {
            parts = BySplit(train: all, test: found)
            layout =
                "\(trainFolder) has \(classes.count) folders, one for each class; "
                + "\(found.folder.dropLast()) is tested on"
        } else {
            parts = Self.divided(all, validationFraction: validationFraction)
            layout =
                "\(trainFolder ?? path) has \(classes.count) folders, one for each class; a share of "
                + "\(validationFraction) of the pictures is tested on"
        }
        guard parts.train.files.count > 0 else {
            throw .nothingToLearn(path: path, heldOut: parts.test.files.count)
        }
    }

    /// - Throws: where a class has no picture.
    private static func check(_ part: Part, _ classNames: [String], folder: String) throws(DatasetError) {
        var counts = [Int](repeating: 0, count: classNames.count)
        for label in part.labels { counts[Int(label)] += 1 }
        let empty = classNames.indices.filter { counts[$0] == 0 }.map { classNames[$0] }
        guard empty.isEmpty else { throw .emptyClasses(folder: folder, found: empty) }
    }

    package func count(of split: Split) -> Int { parts[split].files.count }

    package func label(at index: Int, in split: Split) -> Int { Int(parts[split].labels[index]) }

    package func path(of index: Int, in split: Split) -> String {
        parts[split].folder + parts[split].files.text(index)
    }

    /// Returns the path below the set's folder.
    package func name(of index: Int, in split: Split) -> [UInt8] {
        let part = parts[split]
        return Array(part.folder.pathBytes.dropFirst(path.pathBytes.count + 1)) + part.files[index]
    }

    package func storedBytes(of index: Int, in split: Split) -> Int? {
        fileSize(path(of: index, in: split))
    }

    package func read(_ index: Int, of split: Split, into sample: inout StoredSample) throws(SampleError) {
        sample.form = .encoded
        try readSample(path(of: index, in: split), into: &sample.bytes)
    }

    /// All pictures below a folder's classes, in their order.
    private static func part(_ folder: String, _ classes: [[UInt8]]) throws(DatasetError) -> Part {
        var part = Part(folder: folder + "/")
        let there = Set(try FolderEntries(of: folder).names(of: .folder))
        for (label, name) in classes.enumerated() where there.contains(name) {
            try addPictures(below: name, label: UInt16(label), depth: 0, to: &part)
        }
        part.sort()
        return part
    }

    /// - Parameter path: of a folder, below the part's.
    private static func addPictures(below path: [UInt8], label: UInt16, depth: Int, to part: inout Part)
        throws(DatasetError)
    {
        let folder = part.folder + String(pathBytes: path)
        guard depth < mostFolders else { throw .tooDeep(folder: folder) }
        let entries = try FolderEntries(of: folder)
        var below = path + [UInt8(ascii: "/")]
        let length = below.count
        for (index, kind) in entries.kinds.enumerated() where kind != .other {
            let name = entries.names[index]
            guard kind == .folder || PictureEnding.isPicture(name) else { continue }
            below.removeLast(below.count - length)
            below += name
            if kind == .folder {
                try addPictures(below: below, label: label, depth: depth + 1, to: &part)
            } else {
                part.append(below, label)
            }
        }
    }

    /// Folders within folders; symbolic links that lead around in circles would have no end.
    private static let mostFolders = 40

    /// Returns the test pictures; nil where no folder beside `train` has any with known classes.
    private static func test(of path: String, _ top: [[UInt8]], _ classes: [[UInt8]]) throws(DatasetError) -> Part? {
        for known in SplitName.test {
            guard let name = SplitName.first(of: [known], among: top) else { continue }
            let folder = path + "/" + String(pathBytes: name)
            let entries = try FolderEntries(of: folder)
            let folders = entries.names(of: .folder)
            if !folders.isEmpty {
                let unknown = folders.filter { !classes.contains($0) }
                guard unknown.isEmpty else {
                    throw .unknownClasses(folder: folder, found: unknown.map { String(pathBytes: $0) })
                }
                return try part(folder, classes)
            }
            let pictures = entries.names(of: .file).filter { PictureEnding.isPicture($0) }
            // Pictures of competitions' test folders have no classes.
            if pictures.isEmpty || known.hasPrefix("test") { continue }
            let labels = try ValidationLabels(of: pictures, folder: folder, classes: classes)
            var part = Part(folder: folder + "/")
            for (picture, label) in zip(pictures, labels.labels) { part.append(picture, label) }
            part.sort()
            return part
        }
        return nil
    }

    /// Puts a share of the pictures aside.
    private static func divided(_ all: Part, validationFraction: Double) -> BySplit<Part> {
        var (train, test) = (Part(folder: all.folder), Part(folder: all.folder))
        var heldOut = HeldOut(fraction: validationFraction)
        for (index, label) in all.labels.enumerated() { heldOut.add(key(of: all.files[index]), label: label) }
        for (index, label) in all.labels.enumerated() {
            let path = all.files[index]
            if heldOut.contains(index, label: label) {
                test.append(path, label)
            } else {
                train.append(path, label)
            }
        }
        return BySplit(train: train, test: test)
    }
}
