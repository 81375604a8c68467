import Files
import Glibc

/// A folder of pictures, a folder for each class.
///
/// Either `train/<class>/…` with `val`, `valid`, `validation` or `test` beside it, or classes alone, of which a share is kept for testing.
/// Classes are sorted by the bytes of their names, as torchvision's ImageFolder has them. Pictures may lie deeper than their class's folder.
package struct ImageFolder: Source {
    package let name: String
    package let classNames: [String]
    package let channels = 3

    private let train: Part
    private let test: Part

    /// The pictures of one split.
    private struct Part: Sendable {
        /// Ends with a slash.
        let folder: String
        var files = FileList()
        var labels: [UInt16] = []
    }

    /// The names of the folder that is tested on, the first that is there.
    static let testNames = ["val", "valid", "validation", "test"]

    /// Lists all pictures; opens none.
    ///
    /// - Parameters:
    ///   - path: of the folder.
    ///   - validationFraction: the share that is kept for testing where no folder is.
    /// - Throws: `DatasetError` for folders that cannot be read or are not as described.
    init(path: String, name: String, validationFraction: Double) throws(DatasetError) {
        self.name = name
        let top = try entries(ofFolder: path).filter { $0.kind == .folder }
        func folder(named name: String) -> String? {
            top.contains { $0.name == Array(name.utf8) } ? path + "/" + name : nil
        }
        let trainFolder = folder(named: "train")
        let classes = try Self.classes(of: trainFolder ?? path)
        classNames = classes.map { String(pathBytes: $0) }
        guard classes.count > 1 else { throw .tooFewClasses(folder: path, found: classNames) }
        guard classes.count <= UInt16.max else { throw .tooManyClasses(folder: path, found: classes.count) }
        let all = try Self.part(trainFolder ?? path, classes)
        if trainFolder != nil, let testFolder = Self.testNames.lazy.compactMap(folder).first {
            let unknown = try Self.classes(of: testFolder).filter { !classes.contains($0) }
            guard unknown.isEmpty else {
                throw .unknownClasses(
                    folder: testFolder, found: unknown.map { String(pathBytes: $0) })
            }
            train = all
            test = try Self.part(testFolder, classes)
        } else {
            (train, test) = Self.divided(all, validationFraction: validationFraction)
        }
        try check(folder: path)
    }

    /// - Throws: where a class has no picture to learn from, or none is left to test with.
    private func check(folder: String) throws(DatasetError) {
        var counts = [Int](repeating: 0, count: classNames.count)
        for label in train.labels { counts[Int(label)] += 1 }
        let empty = classNames.indices.filter { counts[$0] == 0 }.map { classNames[$0] }
        guard empty.isEmpty else { throw .emptyClasses(folder: folder, found: empty) }
        guard test.files.count > 0 else { throw .nothingToTest(folder: folder, samples: train.files.count) }
    }

    package func count(of split: Split) -> Int { part(split).files.count }

    package func label(at index: Int, in split: Split) -> Int { Int(part(split).labels[index]) }

    package func path(of index: Int, in split: Split) -> String {
        part(split).folder + part(split).files.text(index)
    }

    package func read(_ index: Int, of split: Split, into sample: inout StoredSample) throws(SampleError) {
        sample.form = .encoded
        try readSample(path(of: index, in: split), into: &sample.bytes)
    }

    private func part(_ split: Split) -> Part {
        switch split {
        case .train: train
        case .test: test
        }
    }

    private static func classes(of folder: String) throws(DatasetError) -> [[UInt8]] {
        try entries(ofFolder: folder).filter { $0.kind == .folder }.map(\.name)
    }

    /// All pictures below a folder's classes, in the order of classes and then of paths.
    private static func part(_ folder: String, _ classes: [[UInt8]]) throws(DatasetError) -> Part {
        var part = Part(folder: folder + "/")
        for (label, name) in classes.enumerated() {
            guard fileExists(part.folder + String(pathBytes: name)) else { continue }
            try addPictures(below: name, label: UInt16(label), depth: 0, to: &part)
        }
        return part
    }

    /// - Parameter path: of a folder, below the part's.
    private static func addPictures(below path: [UInt8], label: UInt16, depth: Int, to part: inout Part)
        throws(DatasetError)
    {
        let folder = part.folder + String(pathBytes: path)
        guard depth < mostFolders else { throw .tooDeep(folder: folder) }
        for entry in try entries(ofFolder: folder) {
            let below = path + [UInt8(ascii: "/")] + entry.name
            switch entry.kind {
            case .folder: try addPictures(below: below, label: label, depth: depth + 1, to: &part)
            case .file where isPicture(entry.name):
                part.files.append(below)
                part.labels.append(label)
            case .file, .other: break
            }
        }
    }

    /// Folders within folders; symbolic links that lead around in circles would have no end.
    private static let mostFolders = 40

    /// Endings of files that are taken for pictures; what they are their contents say. Those of formats that are not decoded are among them, so
    /// that their pictures are missed and not overlooked.
    private static let endings: Set<String> = [
        "jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "dib", "tif", "tiff", "heic", "heif", "avif", "jp2",
        "jxl",
        "ppm", "pgm", "pnm",
    ]

    static func isPicture(_ name: [UInt8]) -> Bool {
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")) else { return false }
        return endings.contains(String(decoding: name[(dot + 1)...], as: UTF8.self).lowercased())
    }

    /// Puts a share of the pictures aside, by a hash of their paths: pictures that are added later move none from one side to the other.
    private static func divided(_ all: Part, validationFraction: Double) -> (train: Part, test: Part) {
        var (train, test) = (Part(folder: all.folder), Part(folder: all.folder))
        for index in 0..<all.files.count {
            let path = all.files[index]
            if isHeldOut(path, fraction: validationFraction) {
                test.files.append(path)
                test.labels.append(all.labels[index])
            } else {
                train.files.append(path)
                train.labels.append(all.labels[index])
            }
        }
        return (train, test)
    }
}
