import Files

/// The classes of ImageNet's flat folder val, `ILSVRC2012_val_00000001.JPEG` and so on, from one of these files:
/// - `LOC_val_solution.csv` of Kaggle: a picture's name and its WordNet ID;
/// - `imagenet_2012_validation_synset_labels.txt`: a WordNet ID for each picture;
/// - `ILSVRC2012_validation_ground_truth.txt` of the development kit: a number for each picture, for which
///   `map_clsloc.txt` has the WordNet ID. (The kit of 2012 has that only in a file for MATLAB. `LOC_synset_mapping.txt`
///   numbers classes differently.)
struct ValidationLabels {
    /// The label of each picture.
    let labels: [UInt16]

    /// - Parameters:
    ///   - pictures: the names of the pictures.
    ///   - folder: their folder.
    ///   - classes: WordNet IDs.
    /// - Throws: `DatasetError` where no file has the classes, or one does not have the form described.
    init(of pictures: [[UInt8]], folder: String, classes: [[UInt8]]) throws(DatasetError) {
        let places = Self.places(near: folder)
        func file(_ name: String) -> String? { places.map { $0 + "/" + name }.first(where: fileExists) }
        let label = Dictionary(
            classes.enumerated().map { (String(pathBytes: $1), UInt16($0)) }, uniquingKeysWith: { first, _ in first })
        func found(_ id: some StringProtocol, of number: Int, in file: String) throws(DatasetError) -> UInt16 {
            guard let label = label[String(id)] else {
                throw .unknownClass(file: file, sample: number, found: String(id), folder: folder)
            }
            return label
        }
        if let file = file("LOC_val_solution.csv") {
            var ids: [Substring: Substring] = [:]
            for line in try Self.lines(of: file) {
                let fields = line.split(separator: ",", maxSplits: 1)
                if fields.count == 2 { ids[fields[0]] = fields[1].prefix { $0 != " " } }
            }
            var labels: [UInt16] = []
            for (number, picture) in pictures.enumerated() {
                let name = String(pathBytes: key(of: picture[...]))
                guard let id = ids[name[...]] else { throw .noLine(file: file, picture: name) }
                labels.append(try found(id, of: number, in: file))
            }
            self.labels = labels
            return
        }
        let ids: (file: String, of: [String])
        if let file = file("imagenet_2012_validation_synset_labels.txt") {
            ids = (file, try Self.lines(of: file).map(String.init))
        } else if let file = file("ILSVRC2012_validation_ground_truth.txt") {
            guard let map = places.map({ $0 + "/map_clsloc.txt" }).first(where: fileExists) else {
                throw .noSynsetNumbers(file: file)
            }
            var byNumber: [Int: String] = [:]
            for line in try Self.lines(of: map) {
                let fields = line.split(separator: " ")
                if fields.count > 1, let number = Int(fields[1]) { byNumber[number] = String(fields[0]) }
            }
            var all: [String] = []
            for (place, line) in try Self.lines(of: file).enumerated() {
                guard let number = Int(line), let id = byNumber[number] else {
                    throw .unknownClass(file: file, sample: place, found: String(line), folder: map)
                }
                all.append(id)
            }
            ids = (file, all)
        } else {
            throw .noValidationLabels(folder: folder, pictures: pictures.count)
        }
        var labels: [UInt16] = []
        for picture in pictures {
            // Pictures are counted from 1.
            let name = String(pathBytes: key(of: picture[...]))
            guard let number = name.split(separator: "_").last.flatMap({ Int($0) }), ids.of.indices.contains(number - 1)
            else { throw .noLine(file: ids.file, picture: name) }
            labels.append(try found(ids.of[number - 1], of: number - 1, in: ids.file))
        }
        self.labels = labels
    }

    /// Returns the places where people put the files: beside the pictures, above them, and in the development kit.
    private static func places(near folder: String) -> [String] {
        let above = ["", "/..", "/../..", "/../../..", "/../../../.."].map { folder + $0 }
        return above.flatMap { [$0, $0 + "/devkit/data", $0 + "/ILSVRC2012_devkit_t12/data"] }
    }

    /// Returns the lines of a text, without empty ones.
    private static func lines(of path: String) throws(DatasetError) -> [Substring] {
        do throws(FileError) {
            let text = String(decoding: try readFile(path, limit: 1 << 26), as: UTF8.self)
            return text.split(whereSeparator: \.isNewline)
        } catch {
            throw .unreadable(file: path, reason: error.reason)
        }
    }
}
