import Files
package import Machine

/// The reasons why a dataset cannot be opened or read.
package enum DatasetError: Error, Equatable, Sendable {
    /// No dataset has that name.
    case unknownDataset(found: String, nearest: String?, known: [String])
    /// No file or folder is at the path after a prefix.
    case noSuchPath(path: String, specification: String)
    /// The path has none of the forms of a dataset; `found` describes its contents.
    case notRecognised(path: String, found: String)
    /// The path does not have the form that its prefix says.
    case wrongForm(path: String, form: String, expected: String)
    /// A path has two datasets.
    case severalForms(path: String, found: [String])
    /// Tar files that are compressed: a picture in them can only be found by reading all bytes before it.
    case compressedShards(path: String, file: String)
    /// A file of a packed dataset that is missing, or not as docs/packed-format.md describes it.
    case damagedPack(file: String, reason: String)
    /// A packed dataset of a later format than this program knows.
    case laterPack(file: String, found: Int, known: Int)
    /// A packed dataset that has images but no index.
    case unfinishedPack(folder: String, shard: String)
    /// The place of a new packed dataset is taken; `found` says by what.
    case placeTaken(path: String, found: String)
    case notWritable(file: String, reason: String)
    /// A disk without enough space; both in bytes.
    case noSpace(folder: String, needed: Int, free: Int)
    /// A split without a readable sample; `first` is the reason for the first one.
    case nothingToPack(split: String, samples: Int, first: String)
    /// Braces that are not a range.
    case badPattern(path: String, found: String)
    /// A file of a known kind has invalid contents.
    case malformed(file: String, reason: String, expected: String)
    /// ImageNet's flat folder of pictures without a file of their classes.
    case noValidationLabels(folder: String, pictures: Int)
    /// The development kit's numbers of classes without a file of their meanings.
    case noSynsetNumbers(file: String)
    /// A picture's class that has no folder among the training pictures.
    case unknownClass(file: String, sample: Int, found: String, folder: String)
    /// A picture that is missing in a file of labels.
    case noLine(file: String, picture: String)
    /// A dataset that is generated in memory, where files are needed.
    case hasNoFiles(dataset: String)
    /// A dataset without training pictures: it is empty, or all of its pictures are held out for testing.
    case nothingToLearn(path: String, heldOut: Int)
    /// A folder was given to a dataset that has no files.
    case takesNoFolder(dataset: String, found: String)
    /// Neither `file` nor `file`.gz is in `folder`.
    case missingFile(dataset: String, folder: String, file: String, package: String?)
    /// The system or the decompressor could not read on.
    case unreadable(file: String, reason: String)
    /// An IDX file does not begin with the right number.
    case wrongMagic(file: String, found: UInt32, expected: UInt32)
    /// An IDX file ends inside its header; both in bytes.
    case truncatedHeader(file: String, found: Int, expected: Int)
    /// An IDX file holds less than its header announces; both in bytes after the header.
    case truncated(file: String, found: Int, expected: Int)
    /// An IDX file is longer than its header says; `expected` are the bytes after the header.
    case trailing(file: String, expected: Int)
    /// An IDX header announces more than memory can hold.
    case excessive(file: String, dimensions: [Int], limit: Int)
    /// Images of another size than the dataset's.
    case wrongImageSize(file: String, found: [Int], expected: [Int])
    /// A file without a single sample.
    case empty(file: String)
    /// The numbers of labels and of images differ.
    case countMismatch(images: String, found: Int, labels: String, expected: Int)
    /// A label that is no class.
    case labelOutOfRange(file: String, sample: Int, found: Int, classes: Int)
    /// The system has no thread to read with.
    case thread(ThreadError)
    /// A folder of pictures has one class, or none.
    case tooFewClasses(folder: String, found: [String])
    case tooManyClasses(folder: String, found: Int)
    /// Test classes without training pictures.
    case unknownClasses(folder: String, found: [String])
    /// Classes without a single picture.
    case emptyClasses(folder: String, found: [String])
    /// A tar file is damaged, or has entries that are not supported.
    case damagedArchive(file: String, reason: String)
    /// The class of a picture in a tar file is not known.
    case noClass(folder: String, sample: String)
    /// Folders within folders without an end.
    case tooDeep(folder: String)
    /// A folder or a pattern that matches no picture.
    case noPictures(path: String)
    /// Transforms of bytes were asked for, but the dataset's images are generated as floats.
    case drawnImages(dataset: String)
    /// The classes are not those of the network, which are `expected`.
    case otherClasses(dataset: String, found: [String], expected: [String])
}

extension DatasetError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownDataset(let found, let nearest, let known):
            "There is no folder or file '\(found)', nor a dataset of that "
                + "name\(nearest.map { "; did you mean '\($0)'?" } ?? ".") There are \(known.joined(separator: ", ")); "
                + "anything else is a path, such as ./photos."
        case .noSuchPath(let path, let specification):
            "There is no folder or file '\(path)', which '\(specification)' names."
        case .notRecognised(let path, let found):
            "\(path) is \(found), but a dataset is expected: a folder for each class with JPEG, PNG or WebP pictures, "
                + "train and val with such folders, tar files of them, or the files of MNIST or CIFAR."
        case .wrongForm(let path, let form, let expected):
            "\(path) is not of the form '\(form)', for which is expected: \(expected). `cnn-train data inspect "
                + "\(path)` says what it is."
        case .severalForms(let path, let found):
            "\(path) has several datasets: \(listed(found)). Name one of them."
        case .compressedShards(let path, let file):
            "\(file) is compressed: pictures in it cannot be read in any order. "
                + DatasetError.remedy(forCompressed: path, file: file)
        case .damagedPack(let file, let reason):
            "\(file) cannot be used as a file of a packed dataset: \(reason). Copy it again from where it came, "
                + "or pack anew."
        case .laterPack(let file, let found, let known):
            "\(file) is of format \(found), which a later cnn-train packed; this one reads format \(known): "
                + "update it, or pack anew."
        case .unfinishedPack(let folder, let shard):
            "\(folder) has \(shard) of a packed dataset, and no index: packing was ended before it was whole, or goes "
                + "on. Remove what is left with `rm -r \(shellWord(folder))`, and pack again."
        case .placeTaken(let path, let found):
            "\(path) is \(found), but a folder is to be made there: give a path where nothing is, or an empty folder."
        case .notWritable(let file, let reason):
            "\(file) cannot be written: \(reason). Nothing is left of it: make space or give another folder, "
                + "and pack again."
        case .noSpace(let folder, let needed, let free):
            "\(folder) has \(ByteCount(free)) left, and the images take \(ByteCount(needed)). Give a folder on a "
                + "larger disk, or make the images smaller with --size."
        case .nothingToPack(let split, let samples, let first):
            "Not one of \(samples) images to \(split) can be read. The first: \(first)"
        case .badPattern(let path, let found):
            "\(path) has {\(found)}, but a range of numbers is expected, such as {000000..000127}."
        case .malformed(let file, let reason, let expected):
            "\(file) cannot be used: \(reason); expected \(expected). Fetch it again."
        case .noValidationLabels(let folder, let pictures):
            "\(folder) has \(pictures) pictures and no folders of classes, and nothing says their classes. Put "
                + "LOC_val_solution.csv, or ILSVRC2012_validation_ground_truth.txt and map_clsloc.txt, beside it, or "
                + "the pictures into a folder for each class."
        case .noSynsetNumbers(let file):
            "\(file) numbers classes, but map_clsloc.txt, which says what the numbers mean, is missing beside it. It "
                + "comes with the development kits of 2014 and later. LOC_val_solution.csv does without it."
        case .unknownClass(let file, let sample, let found, let folder):
            "\(file) says that picture \(sample) is of class '\(found)', which \(folder) does not have. "
                + "Do they belong together?"
        case .noLine(let file, let picture):
            "\(file) says nothing of \(picture). Do they belong together?"
        case .hasNoFiles(let dataset):
            "The dataset '\(dataset)' is made on the spot and has no files to look at. Name a folder or file of images."
        case .nothingToLearn(let path, let heldOut) where heldOut > 0:
            "\(path) has \(heldOut) pictures, and all are taken to test with. Add pictures, "
                + "or lower --validation-fraction."
        case .nothingToLearn(let path, _):
            "\(path) has no JPEG, PNG or WebP picture to learn from. Expected are pictures in folders of classes, or "
                + "with .cls or .json beside them."
        case .takesNoFolder(let dataset, let found):
            "'\(found)' names a folder, but the dataset '\(dataset)' is made on the spot and reads none. "
                + "Say '\(dataset)'."
        case .missingFile(let dataset, let folder, let file, let package):
            "The dataset \(dataset) is not complete in \(folder): neither \(file) nor \(file).gz is there. "
                + (package.map {
                    "Install it with `apt-get install \($0)`, or name the folder that has it: \(dataset):DIR."
                }
                    ?? "Fetch it again.")
        case .unreadable(let file, let reason):
            "\(file) cannot be read: \(reason). Check its permissions, or fetch it again."
        case .wrongMagic(let file, let found, let expected):
            "\(file) begins with \(hexadecimal(found)), but an IDX file of this kind begins with "
                + "\(hexadecimal(expected)). Is it the right file?"
        case .truncatedHeader(let file, let found, let expected):
            "\(file) ends after \(found) bytes, inside its header of \(expected) bytes. Fetch it again."
        case .truncated(let file, let found, let expected):
            "\(file) is cut short: \(found) bytes of data follow its header, which announces \(expected). "
                + "Fetch it again."
        case .trailing(let file, let expected):
            "\(file) goes on after the \(expected) bytes of data that its header announces. Fetch it again."
        case .excessive(let file, let dimensions, let limit):
            "\(file) announces \(dimensions.map(String.init).joined(separator: "x")) bytes of data, more than the "
                + "\(limit) that are accepted. Fetch it again."
        case .wrongImageSize(let file, let found, let expected):
            "\(file) holds images of \(found.map(String.init).joined(separator: "x")) pixels, but this dataset's have "
                + "\(expected.map(String.init).joined(separator: "x")). Is it the right file?"
        case .empty(let file):
            "\(file) holds no samples, but at least one is needed. Is it the right file?"
        case .countMismatch(let images, let found, let labels, let expected):
            "\(images) holds \(found) images, but \(labels) holds \(expected) labels. "
                + "They must be as many; take both from one source."
        case .tooFewClasses(let folder, let found):
            "\(folder) has \(found.isEmpty ? "no folders" : "one folder, \(found[0])"), but a folder for each of two "
                + "classes or more is expected: CLASS/picture.jpg, "
                + "or train/CLASS/picture.jpg and val/CLASS/picture.jpg."
        case .tooManyClasses(let folder, let found):
            "\(folder) has \(found) folders, one for each class; at most \(UInt16.max) classes are expected."
        case .unknownClasses(let folder, let found):
            "\(folder) has classes that nothing is learned of: \(listed(found)). Give them pictures to learn from, "
                + "or take them away."
        case .emptyClasses(let folder, let found):
            "\(folder) has no JPEG, PNG or WebP picture to learn from in \(listed(found)). Put pictures there, "
                + "or take the folder away."
        case .damagedArchive(let file, let reason):
            "\(file) cannot be read as a tar archive: \(reason). Fetch it again, or make it anew."
        case .noClass(let folder, let sample):
            "\(folder): nothing says what class \(sample) is of: expected \(sample).cls, a label in \(sample).json, or "
                + "a folder that is called as the class."
        case .tooDeep(let folder):
            "\(folder) lies too deep: do symbolic links lead around in circles?"
        case .noPictures(let path):
            "\(path) stands for no picture: expected a folder of JPEG, PNG or WebP files, or a pattern that some have"
        case .drawnImages(let dataset):
            "The dataset '\(dataset)' is drawn on the spot and can be augmented with none, crop-flip or "
                + "resized-crop-flip alone. Say one of these after --augment, or take images from files."
        case .otherClasses(let dataset, let found, let expected):
            "\(dataset) has classes that the network does not have: \(listed(found)). It has \(listed(expected)), and "
                + "labels are matched by these names: call the classes so, or take other data."
        case .labelOutOfRange(let file, let sample, let found, let classes):
            "\(file) gives sample \(sample) the label \(found), but labels are 0 to \(classes - 1). "
                + "Is it the right file?"
        case .thread(let error):
            "\(error)"
        }
    }

    /// Returns the first five names, and how many there are.
    private func listed(_ names: [String]) -> String {
        names.prefix(5).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
    }

    private func hexadecimal(_ number: UInt32) -> String {
        let digits = String(number, radix: 16)
        return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    }
}
