import Files
import Tensors

/// The meaning of a dataset's name or path, and the reason for it.
package struct Recognition: Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// A dataset that is generated on demand.
        case shapes, synthetic
        case packed, mnist, cifar, tar, folder
    }

    package let kind: Kind
    /// The path of its files; nil where there are none.
    package let path: String?
    /// The reason why it is taken for that, in words.
    package let reason: String
    /// Opens it, where there are files.
    private let open: @Sendable (DatasetOptions) throws(DatasetError) -> any Source

    private init(
        _ kind: Kind, path: String?, because reason: String,
        open: @escaping @Sendable (DatasetOptions) throws(DatasetError) -> any Source
    ) {
        self.kind = kind
        self.path = path
        self.reason = reason
        self.open = open
    }

    /// Recognises `specification`: `shapes`, `synthetic`, `fashion-mnist` or `fashion-mnist:DIR`, a path, or a path
    /// after `folder:`, `mnist:`, `cifar:`, `tar:` or `packed:`.
    ///
    /// Files are not read, except for the first names in archives that may be CIFAR's.
    ///
    /// - Parameter isReadInOrder: whether its samples are read in their `onlyOrder`, which compressed tar files have.
    /// - Throws: `DatasetError` where it is none of these.
    package init(of specification: String, isReadInOrder: Bool = false) throws(DatasetError) {
        let reading = isReadInOrder ? ArchiveReading.inOrder : .anyPlace
        let parts = specification.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let (name, path) = (parts.first ?? "", parts.count > 1 ? parts[1] : nil)
        if let drawn = [Kind.shapes, .synthetic].first(where: { $0.rawValue == name }) {
            guard path == nil else { throw .takesNoFolder(dataset: name, found: specification) }
            self.init(drawn, path: nil, because: "it is made on the spot") {
                (_: DatasetOptions) throws(DatasetError) in throw .hasNoFiles(dataset: name)
            }
        } else if name == "fashion-mnist" {
            let folder = try path.map { path throws(DatasetError) in try MNIST.folder(at: path) ?? path }
            self = Self.mnist(
                folder ?? MNIST.debianFolder, .fashion,
                because: path == nil ? "Debian's package dataset-fashion-mnist puts it there" : "it is called so")
        } else if let kind = Kind(rawValue: name), let path {
            guard fileExists(path) || (kind == .tar && Shards.isPattern(path)) else {
                throw .noSuchPath(path: path, specification: specification)
            }
            guard let found = try kind.recognise(path, true, reading) else {
                throw .wrongForm(path: path, form: name, expected: kind.expected)
            }
            self = found
        } else {
            guard fileExists(specification) || Shards.isPattern(specification) else {
                throw .unknownDataset(
                    found: specification, nearest: Spelling.nearest(to: name, among: datasetNames), known: datasetNames)
            }
            for kind in Kind.allCases {
                if let found = try kind.recognise(specification, false, reading) {
                    self = found
                    return
                }
            }
            throw .notRecognised(path: specification, found: try Self.words(for: specification))
        }
    }

    /// Returns the images and labels.
    ///
    /// - Throws: `DatasetError` for files that are missing or malformed, and for generated datasets.
    package func source(_ options: DatasetOptions) throws(DatasetError) -> any Source {
        defer { OpeningProgress.finish() }
        return try open(options)
    }

    /// Describes the files at a path, for a message.
    private static func words(for path: String) throws(DatasetError) -> String {
        guard isFolder(path) else { return "a file" }
        let entries = try FolderEntries(of: path)
        let (files, folders) = (entries.names(of: .file), entries.names(of: .folder))
        let names = (folders.map { String(pathBytes: $0) + "/" } + files.map { String(pathBytes: $0) })
        guard !names.isEmpty else { return "an empty folder" }
        return "a folder with " + names.prefix(3).joined(separator: ", ")
            + (names.count > 3 ? " and \(names.count - 3) more" : "")
    }
}

extension Recognition.Kind {
    /// The files that a path must have to be of this kind, in words.
    fileprivate var expected: String {
        switch self {
        case .shapes, .synthetic: "no path"
        case .packed: "a folder that `cnn-train data pack` has made, with \(PackedLayout.indexName)"
        case .mnist: "train-images-idx3-ubyte and the three files beside it, plain or .gz"
        case .cifar: "data_batch_1.bin, data_batch_1, train.bin or train of CIFAR, or their .tar.gz"
        case .tar: "a .tar file, a folder of them, or a pattern such as train-{000000..000127}.tar"
        case .folder: "a folder for each class, or folders train and val of such"
        }
    }

    /// Checks whether a path is of this kind.
    ///
    /// - Parameter isAsked: whether the user says that it is.
    fileprivate func recognise(
        _ path: String, _ isAsked: Bool, _ reading: ArchiveReading
    ) throws(DatasetError) -> Recognition? {
        switch self {
        case .shapes, .synthetic: nil
        case .packed: try Recognition.packed(path)
        case .mnist: try Recognition.mnist(path)
        case .cifar: try Recognition.cifar(path)
        case .tar: try Recognition.tar(path, isAsked, reading)
        case .folder: try Recognition.folder(path)
        }
    }
}

extension Recognition {
    fileprivate static func mnist(_ path: String) throws(DatasetError) -> Recognition? {
        guard let folder = try MNIST.folder(at: path) else { return nil }
        let form = MNIST.Form(folder: folder)
        return mnist(
            folder, form,
            because: "train-images-idx3-ubyte is there, and the path says "
                + (form == .fashion ? "'fashion'" : "nothing of fashion"))
    }

    private static func mnist(_ folder: String, _ form: MNIST.Form, because reason: String) -> Recognition {
        Recognition(.mnist, path: folder, because: reason) { (_: DatasetOptions) throws(DatasetError) in
            try MNIST(form, folder: folder)
        }
    }

    fileprivate static func cifar(_ path: String) throws(DatasetError) -> Recognition? {
        guard let files = try CIFARFiles.found(at: path) else { return nil }
        return Recognition(
            .cifar, path: files.path, because: "\(files.form.trainFiles[0]) of \(files.form.dataset) is there"
        ) {
            (_: DatasetOptions) throws(DatasetError) in try CIFAR(files)
        }
    }

    fileprivate static func packed(_ path: String) throws(DatasetError) -> Recognition? {
        let (folder, index): (String, String)
        if isFolder(path) {
            (folder, index) = (path, path + "/" + PackedLayout.indexName)
            guard fileExists(index) else {
                let files = try FolderEntries(of: path).names(of: .file)
                guard let shard = files.first(where: PackedLayout.isShard) else { return nil }
                throw .unfinishedPack(folder: path, shard: String(pathBytes: shard))
            }
        } else {
            (folder, index) = (splitPath(path).folder, path)
            guard splitPath(path).name == PackedLayout.indexName else { return nil }
        }
        return Recognition(.packed, path: folder, because: "\(PackedLayout.indexName) of a packed dataset is there") {
            (_: DatasetOptions) throws(DatasetError) in try PackedDataset(folder: folder)
        }
    }

    fileprivate static func tar(
        _ path: String, _ isAsked: Bool, _ reading: ArchiveReading
    ) throws(DatasetError) -> Recognition? {
        let reason: String
        if isFolder(path) {
            let hasFolders = try !FolderEntries(of: path).names(of: .folder).isEmpty
            let isOfShards = try Shards.areIn(path, reading)
            if !isOfShards, !hasFolders || isAsked, let refused = try Shards.refused(in: path, reading) {
                throw .compressedShards(path: path, file: refused)
            }
            // Beside folders of pictures a tar file may be anything.
            let areInSplits = try Shards.splitsAreIn(path, reading)
            guard isOfShards, isAsked || !hasFolders || areInSplits else { return nil }
            reason = "tar files are there"
        } else if !fileExists(path) {
            reason = "it is a pattern of tar files"
        } else if reading.refuses(path.pathBytes) {
            throw .compressedShards(path: path, file: path)
        } else {
            let isRead = reading.reads(path.pathBytes)
            guard isAsked || isRead else { return nil }
            reason = isRead ? "its name is that of a tar file" : "it is called so"
        }
        return Recognition(.tar, path: path, because: reason) { (options: DatasetOptions) throws(DatasetError) in
            try WebDataset(Shards(path, reading: reading), validationFraction: options.validationFraction)
        }
    }

    fileprivate static func folder(_ path: String) throws(DatasetError) -> Recognition? {
        guard isFolder(path) else { return nil }
        // As Kaggle has ImageNet.
        let inner = path + "/ILSVRC/Data/CLS-LOC"
        let folder = isFolder(inner) ? inner : path
        let folders = try FolderEntries(of: folder).names(of: .folder)
        guard !folders.isEmpty else { return nil }
        let isSplit = SplitName.first(of: SplitName.train, among: folders) != nil
        return Recognition(
            .folder, path: folder,
            because: isSplit
                ? "a folder train is there" : "\(folders.count) folder\(folders.count == 1 ? " is" : "s are") there"
        ) { (options: DatasetOptions) throws(DatasetError) in
            try ImageFolder(path: folder, validationFraction: options.validationFraction)
        }
    }
}
