import Files

/// The form in which a tar archive is stored, by the ending of its name.
enum ArchiveForm: CaseIterable {
    case tar, gzip, zstd, xz, bzip2

    /// Makes the form of an archive by its name; nil for other names.
    init?(_ name: [UInt8]) {
        let form = Self.allCases.first { form in
            form.endings.contains { $0.utf8.count < name.count && name.suffix($0.utf8.count).elementsEqual($0.utf8) }
        }
        guard let form else { return nil }
        self = form
    }

    private var endings: [String] {
        switch self {
        case .tar: [".tar"]
        case .gzip: [".tar.gz", ".tgz"]
        case .zstd: [".tar.zst", ".tzst"]
        case .xz: [".tar.xz", ".txz"]
        case .bzip2: [".tar.bz2", ".tbz2"]
        }
    }

    /// Returns the bytes of `name` before the ending.
    func stem(of name: String) -> String {
        let ending = endings.first { name.hasSuffix($0) } ?? ""
        return String(name.dropLast(ending.count))
    }
}

/// The archives that can be read: uncompressed ones at any place and, where samples are read from beginning to end,
/// compressed ones too.
enum ArchiveReading {
    case anyPlace, inOrder

    func reads(_ name: [UInt8]) -> Bool {
        switch ArchiveForm(name) {
        case .tar: true
        case .gzip, .zstd: self == .inOrder
        case .xz, .bzip2, nil: false
        }
    }

    /// Whether an archive has to become another file first.
    func refuses(_ name: [UInt8]) -> Bool { ArchiveForm(name) != nil && !reads(name) }
}

extension DatasetError {
    /// Returns the advice that makes pictures in compressed archives readable.
    ///
    /// - Parameters:
    ///   - path: the path as the user gives it.
    ///   - file: one of the archives.
    static func remedy(forCompressed path: String, file: String) -> String {
        switch ArchiveForm(file.pathBytes) {
        case .xz: return "Unpack it once: `xz -d \(shellWord(file))`."
        case .bzip2: return "Unpack it once: `bzip2 -d \(shellWord(file))`."
        default:
            // In folders, archives count only where asked for.
            let source = isFolder(path) ? "tar:" + path : path
            return "Pack it once, and train on what that makes: `cnn-train data pack \(shellWord(source)) "
                + "\(shellWord(packedName(for: path)))`."
        }
    }

    /// `train-packed` for `train-{000000..000127}.tar.gz`.
    private static func packedName(for path: String) -> String {
        var name = String(path.prefix { $0 != "{" })
        if let form = ArchiveForm(name.pathBytes) { name = form.stem(of: name) }
        while let last = name.last, "/-_.".contains(last) { name.removeLast() }
        return name.isEmpty ? "packed" : name + "-packed"
    }
}
