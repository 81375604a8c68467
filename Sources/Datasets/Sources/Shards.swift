import Files

/// The tar files that a path means: a single one, those of a folder, or those of a pattern such as
/// `train-{000000..000127}.tar`.
struct Shards: Sendable {
    /// The path as the user gives it.
    let path: String
    let train: [String]
    /// The test files; none where the names do not tell.
    let test: [String]

    /// Finds the files. Next to a pattern or a file whose name begins with `train`, files whose names begin with `val`
    /// or `test` are the test files.
    ///
    /// - Throws: `DatasetError` where there are none, or they are compressed and read at any place.
    init(_ path: String, reading: ArchiveReading = .anyPlace) throws(DatasetError) {
        self.path = path
        let files: [String]
        if isFolder(path) {
            let found = try Self.shards(in: path, reading)
            if !found.train.isEmpty {
                (train, test) = found
                return
            }
            let all = try FolderEntries(of: path).names(of: .file).filter(reading.reads).map(String.init(pathBytes:))
            guard !all.isEmpty else {
                if let refused = try Self.refused(in: path, reading) {
                    throw .compressedShards(path: path, file: refused)
                }
                throw .wrongForm(path: path, form: "tar", expected: "one tar file or more in the folder")
            }
            (train, test) = (all.map { "\(path)/\($0)" }, [])
            return
        } else if fileExists(path) {
            files = [path]
        } else {
            files = try Self.expanded(path[...])
            if let missing = files.first(where: { !fileExists($0) }) {
                throw .unreadable(file: missing, reason: "there is no such file")
            }
        }
        if let refused = files.first(where: { reading.refuses($0.pathBytes) }) {
            throw .compressedShards(path: path, file: refused)
        }
        train = files
        let (folder, name) = splitPath(files[0])
        if SplitName.beginning(with: SplitName.train, [name.pathBytes]).isEmpty {
            test = []
        } else {
            test = try Self.shards(in: folder, reading).test
        }
    }

    /// Whether a path is a pattern.
    static func isPattern(_ path: String) -> Bool { path.contains("{") && path.contains("..") && path.contains("}") }

    /// Returns a tar file of a folder that cannot be read without unpacking; nil where there is none.
    static func refused(in folder: String, _ reading: ArchiveReading) throws(DatasetError) -> String? {
        try FolderEntries(of: folder).names(of: .file).first(where: reading.refuses).map {
            folder + "/" + String(pathBytes: $0)
        }
    }

    /// Returns the tar files of a folder that are named after a split, or are in folders that are.
    private static func shards(
        in folder: String, _ reading: ArchiveReading
    ) throws(DatasetError) -> (train: [String], test: [String]) {
        let entries = try FolderEntries(of: folder)
        let files = entries.names(of: .file).filter(reading.reads)
        let folders = entries.names(of: .folder)
        func shards(_ names: [String]) throws(DatasetError) -> [String] {
            let own = SplitName.beginning(with: names, files)
            if !own.isEmpty { return own.map { "\(folder)/\(String(pathBytes: $0))" } }
            for name in names {
                guard let found = SplitName.first(of: [name], among: folders) else { continue }
                let below = "\(folder)/\(String(pathBytes: found))"
                let tars = try FolderEntries(of: below).names(of: .file).filter(reading.reads)
                if !tars.isEmpty { return tars.map { "\(below)/\(String(pathBytes: $0))" } }
            }
            return []
        }
        return (try shards(SplitName.train), try shards(SplitName.test))
    }

    /// Whether a folder, or one of its splits' folders, has tar files that are read.
    static func areIn(_ folder: String, _ reading: ArchiveReading) throws(DatasetError) -> Bool {
        if try FolderEntries(of: folder).names(of: .file).contains(where: reading.reads) { return true }
        return try splitsAreIn(folder, reading)
    }

    /// Whether a folder has tar files that are named after splits, or are in folders that are.
    static func splitsAreIn(_ folder: String, _ reading: ArchiveReading) throws(DatasetError) -> Bool {
        try !shards(in: folder, reading).train.isEmpty
    }

    /// Returns every path of a pattern with `{FIRST..LAST}`; numbers have as many digits as the first.
    static func expanded(_ pattern: Substring) throws(DatasetError) -> [String] {
        guard let open = pattern.firstIndex(of: "{"), let close = pattern[open...].firstIndex(of: "}") else {
            return [String(pattern)]
        }
        let inner = pattern[pattern.index(after: open)..<close]
        let dots = inner.indices.first { inner[$0...].hasPrefix("..") }
        let first = dots.map { inner[..<$0] } ?? ""
        let last = dots.map { inner[inner.index($0, offsetBy: 2)...] } ?? ""
        guard let begin = Int(first), let end = Int(last), begin >= 0, end >= begin, end - begin < 1_000_000 else {
            throw .badPattern(path: String(pattern), found: String(inner))
        }
        let rest = try expanded(pattern[pattern.index(after: close)...])
        return (begin...end).flatMap { number in
            let digits = String(number)
            let padded = String(repeating: "0", count: max(first.count - digits.count, 0)) + digits
            return rest.map { pattern[..<open] + padded + $0 }
        }
    }
}
