import Files
import Pickles

/// The place of CIFAR's files, and their form among those that their authors publish.
struct CIFARFiles: Sendable {
    enum Form: CaseIterable {
        case binary10, python10, binary100, python100
    }

    let form: Form
    /// A folder, or a .tar.gz.
    let path: String

    /// Finds CIFAR's files at a path: the files themselves, a folder of theirs below it, or an archive.
    ///
    /// - Throws: `DatasetError.severalForms` where both datasets are there.
    static func found(at path: String) throws(DatasetError) -> CIFARFiles? {
        guard isFolder(path) else {
            return fileExists(path) ? try Form(archive: path).map { CIFARFiles(form: $0, path: path) } : nil
        }
        if let form = Form(folder: path) { return CIFARFiles(form: form, path: path) }
        var found = Form.allCases.compactMap { form in
            let folder = "\(path)/\(form.folder)"
            return Form(folder: folder) == form ? CIFARFiles(form: form, path: folder) : nil
        }
        if found.isEmpty {
            found = Form.allCases.compactMap { form in
                let archive = "\(path)/\(form.archive)"
                return fileExists(archive) ? CIFARFiles(form: form, path: archive) : nil
            }
        }
        guard Set(found.map(\.form.isOf100)).count < 2 else {
            throw .severalForms(path: path, found: found.map(\.path))
        }
        return found.first
    }

    /// Returns the contents of all files of the dataset.
    func contents() throws(DatasetError) -> CIFARContents {
        var files: [String: [UInt8]] = [:]
        let wanted = form.trainFiles + form.testFiles + [form.metaFile]
        if isFolder(path) {
            for name in wanted {
                let file = "\(path)/\(name)"
                guard fileExists(file) else { continue }
                do throws(FileError) {
                    files[name] = try readFile(file, limit: CIFARContents.mostBytes)
                } catch {
                    throw .unreadable(file: file, reason: error.reason)
                }
            }
        } else {
            var reader = TarReader(try CompressedArchive(path: path))
            do throws(TarError) {
                while files.count < wanted.count, let member = try reader.next() {
                    let name = splitPath(String(pathBytes: member.name)).name
                    guard wanted.contains(name) else { continue }
                    guard member.size <= CIFARContents.mostBytes else {
                        throw TarError(
                            reason: "\(name) has \(member.size) bytes; at most \(CIFARContents.mostBytes) are read")
                    }
                    var bytes: [UInt8] = []
                    try reader.archive.read(at: member.offset, count: member.size, into: &bytes)
                    guard bytes.count == member.size else { throw TarError(reason: "it ends inside \(name)") }
                    files[name] = bytes
                }
            } catch {
                throw .damagedArchive(file: path, reason: error.reason)
            }
        }
        if let missing = wanted.first(where: { files[$0] == nil }) {
            throw .missingFile(dataset: form.dataset, folder: path, file: missing, package: nil)
        }
        return CIFARContents(form: form, path: path, files: files)
    }
}

extension CIFARFiles.Form {
    var isOf100: Bool { self == .binary100 || self == .python100 }
    var isBinary: Bool { self == .binary10 || self == .binary100 }
    var classes: Int { isOf100 ? 100 : 10 }
    var dataset: String { isOf100 ? "CIFAR-100" : "CIFAR-10" }

    /// The folder that the archive has.
    var folder: String {
        switch self {
        case .binary10: "cifar-10-batches-bin"
        case .python10: "cifar-10-batches-py"
        case .binary100: "cifar-100-binary"
        case .python100: "cifar-100-python"
        }
    }

    /// The authors' name of the archive.
    var archive: String {
        switch self {
        case .binary10: "cifar-10-binary.tar.gz"
        case .python10: "cifar-10-python.tar.gz"
        case .binary100: "cifar-100-binary.tar.gz"
        case .python100: "cifar-100-python.tar.gz"
        }
    }

    var trainFiles: [String] {
        switch self {
        case .binary10: (1...5).map { "data_batch_\($0).bin" }
        case .python10: (1...5).map { "data_batch_\($0)" }
        case .binary100: ["train.bin"]
        case .python100: ["train"]
        }
    }

    var testFiles: [String] {
        switch self {
        case .binary10: ["test_batch.bin"]
        case .python10: ["test_batch"]
        case .binary100: ["test.bin"]
        case .python100: ["test"]
        }
    }

    /// The file of the classes' names.
    var metaFile: String {
        switch self {
        case .binary10: "batches.meta.txt"
        case .python10: "batches.meta"
        case .binary100: "fine_label_names.txt"
        case .python100: "meta"
        }
    }

    /// Makes the form of a folder's files; nil for none.
    fileprivate init?(folder: String) {
        func has(_ name: String) -> Bool { fileExists("\(folder)/\(name)") && !isFolder("\(folder)/\(name)") }
        // Of CIFAR-100 both, as `train` alone may be anything.
        guard let form = Self.allCases.first(where: { has($0.trainFiles[0]) && has($0.testFiles[0]) }) else {
            return nil
        }
        self = form
    }

    /// The form that a .tar.gz has, by its first members; nil for none.
    fileprivate init?(archive: String) throws(DatasetError) {
        let name = archive.lowercased()
        guard name.hasSuffix(".tar.gz") || name.hasSuffix(".tgz") else { return nil }
        var reader = TarReader(try CompressedArchive(path: archive))
        for _ in 0..<3 {
            guard let member = try? reader.next() else { return nil }
            let parts = String(pathBytes: member.name).split(separator: "/").map(String.init)
            if let form = Self.allCases.first(where: { form in
                parts.dropLast().contains(form.folder)
                    || (!form.isOf100 && parts.last.map((form.trainFiles + form.testFiles).contains) == true)
            }) {
                self = form
                return
            }
        }
        return nil
    }
}

/// The bytes of CIFAR's files.
struct CIFARContents {
    let form: CIFARFiles.Form
    /// The path of the folder or the archive.
    fileprivate let path: String
    /// The files' contents by name.
    fileprivate let files: [String: [UInt8]]

    /// The largest is of 155 million bytes.
    fileprivate static let mostBytes = 1 << 28

    /// Returns the path of a file, for messages.
    func path(_ name: String) -> String { "\(path)/\(name)" }

    func classNames() throws(DatasetError) -> [String] {
        let bytes = files[form.metaFile] ?? []
        guard form.isBinary else {
            let value = try readingPickle(form.metaFile) { () throws(PickleError) in
                try PickleReader.value(of: bytes, NumpyPickle.dialect)
            }
            let key = form.isOf100 ? "fine_label_names" : "label_names"
            guard let names = value[key]?.names else {
                throw .malformed(
                    file: path(form.metaFile), reason: "it has no list '\(key)'", expected: "the classes' names")
            }
            return names
        }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
    }

    /// Returns the images and labels of one split.
    func part(of names: [String]) throws(DatasetError) -> CIFAR.Part {
        var part = CIFAR.Part()
        for name in names {
            let first = part.labels.count
            let bytes = files[name] ?? []
            if form.isBinary {
                try addRecords(of: bytes, name, to: &part)
            } else {
                try addPickle(bytes, name, to: &part)
            }
            guard part.labels.count > first else { throw .empty(file: path(name)) }
            if let index = part.labels[first...].firstIndex(where: { $0 >= form.classes }) {
                throw .labelOutOfRange(
                    file: path(name), sample: index - first, found: Int(part.labels[index]), classes: form.classes)
            }
        }
        return part
    }

    /// Records of a label, of CIFAR-100 a coarse one before it, and the image.
    private func addRecords(of bytes: [UInt8], _ name: String, to part: inout CIFAR.Part) throws(DatasetError) {
        let labels = form.isOf100 ? 2 : 1
        let length = labels + 3 * CIFAR.pixels
        guard bytes.count.isMultiple(of: length) else {
            throw .malformed(
                file: path(name), reason: "it has \(bytes.count) bytes", expected: "a multiple of \(length)")
        }
        for start in stride(from: 0, to: bytes.count, by: length) {
            part.labels.append(bytes[start + labels - 1])
            part.planes += bytes[start + labels..<start + length]
        }
    }

    private func addPickle(_ bytes: [UInt8], _ name: String, to part: inout CIFAR.Part) throws(DatasetError) {
        let key = form.isOf100 ? "fine_labels" : "labels"
        let (labels, images) = try readingPickle(name) { () throws(PickleError) in
            let value = try PickleReader.value(of: bytes, NumpyPickle.dialect)
            return (value[key]?.integers, try NumpyPickle.array(value["data"]))
        }
        guard let labels, images.shape == [labels.count, 3 * CIFAR.pixels] else {
            throw .malformed(
                file: path(name), reason: "it has not a list '\(key)' and as many images",
                expected: "'data' with \(3 * CIFAR.pixels) bytes for each label")
        }
        for (sample, label) in labels.enumerated() {
            guard let byte = UInt8(exactly: label) else {
                throw .labelOutOfRange(file: path(name), sample: sample, found: label, classes: form.classes)
            }
            part.labels.append(byte)
        }
        part.planes += images.bytes
    }

    private func readingPickle<Result>(
        _ name: String, _ body: () throws(PickleError) -> Result
    ) throws(DatasetError) -> Result {
        do throws(PickleError) {
            return try body()
        } catch {
            throw .malformed(file: path(name), reason: error.reason, expected: "a pickle as CIFAR's authors made them")
        }
    }
}
