import Datasets
import Machine
import Tensors
import Terminal

/// The facts of a dataset, known before anything is trained on it, that a recipe is chosen from.
package struct DataFacts: Equatable, Sendable {
    /// A dataset by what its pictures are like.
    package enum Kind: Equatable, Sendable {
        /// Small grey pictures, such as digits and letters: mirrored or cut, they may be another thing.
        case figures
        /// Small pictures in colour.
        case small
        /// Everything larger.
        case photographs
    }

    /// As `--data` takes it.
    package var data: String
    package var classNames: [String]
    /// Training pictures of each class, in the order of labels.
    package var classCounts: [Int]
    /// Pictures to test with; 0 where nothing says which are.
    package var testCount: Int
    /// 1 for grey, 3 for colour.
    package var channels: Int
    /// The shorter side of the picture in the middle, in pixels, when all are ordered by it.
    package var shorterSide: Int
    /// Pictures a second that all ranks together decode; nil where nothing has to be decoded.
    package var decodedPerSecond: Double?
    /// Whether decoded pictures stay in memory, so that each is decoded once.
    package var staysInMemory = false

    package init(
        data: String, classNames: [String], classCounts: [Int], testCount: Int, channels: Int, shorterSide: Int
    ) {
        self.data = data
        self.classNames = classNames
        self.classCounts = classCounts
        self.testCount = testCount
        self.channels = channels
        self.shorterSide = shorterSide
    }

    /// Training pictures, those included that the run will set aside to test with.
    package var trainCount: Int { classCounts.reduce(0, +) }

    /// Up to this shorter side pictures are small.
    static let smallSide = 64

    package var kind: Kind {
        guard shorterSide <= Self.smallSide else { return .photographs }
        return channels == 1 ? .figures : .small
    }
}

extension DataFacts {
    /// Training pictures that are looked at, spread evenly over all, and the seconds for which that may go on.
    private static let mostLooked = 64
    private static let mostSeconds = 2.0

    /// Looks at a dataset.
    ///
    /// - Parameters:
    ///   - data: as `--data` takes it.
    ///   - threads: that decode in a run, over all ranks.
    /// - Throws: `DatasetError` for what cannot be opened.
    package init(of data: String, threads: Int) throws {
        // Nothing is set aside: what there is to test with then is so by the dataset's own word.
        let dataset = try openDataset(data, options: DatasetOptions(validationFraction: 0))
        var counts = [Int](repeating: 0, count: dataset.classNames.count)
        for index in 0..<dataset.count(of: .train) { counts[dataset.label(at: index, in: .train)] += 1 }
        let stored = dataset as? StoredDataset
        self.init(
            data: data, classNames: dataset.classNames, classCounts: counts, testCount: dataset.count(of: .test),
            channels: dataset.channels,
            shorterSide: stored?.source.imageSize ?? dataset.suggestedImageSize ?? DataFacts.usualSide)
        if let source = stored?.source, source.imageSize == nil { look(at: source, threads: threads) }
    }

    /// The side that torchvision's models are made for, where no picture can be read.
    private static let usualSide = 224

    /// Decodes some pictures for their sizes and the time that it takes.
    private mutating func look(at source: any Source, threads: Int) {
        let count = source.count(of: .train)
        let looked = min(count, Self.mostLooked)
        var decoder = ImageDecoder()
        var image = ImageBuffer()
        var stored = StoredSample()
        var sides: [Int] = []
        var bytes = 0
        let start = monotonicSeconds()
        for number in 0..<looked where monotonicSeconds() - start < Self.mostSeconds || sides.isEmpty {
            let index = number * count / looked
            // A damaged one is a matter for the run.
            guard (try? source.read(index, of: .train, into: &stored)) != nil,
                (try? decoder.decode(
                    stored.bytes.span, path: source.path(of: index, in: .train), into: &image)) != nil
            else { continue }
            sides.append(min(image.height, image.width))
            bytes += image.count
        }
        guard !sides.isEmpty else { return }
        let seconds = max(monotonicSeconds() - start, 1e-6)
        shorterSide = sides.sorted()[sides.count / 2]
        decodedPerSecond = Double(sides.count * max(threads, 1)) / seconds
        let all = Double(bytes / sides.count) * Double(count)
        staysInMemory = all <= Double(MemoryCapacity.here.available(toEachOf: 1)) / Self.shareForPictures
    }

    /// The part of the memory that decoded pictures may take is one in so many: half of the run's own limit.
    private static let shareForPictures = 8.0
}

extension DataFacts {
    /// The dataset in a line, for people.
    package var words: String {
        let tested =
            testCount > 0
            ? "\(Wording.grouped(trainCount)) pictures to train with and \(Wording.grouped(testCount)) to test with"
            : "\(Wording.grouped(trainCount)) pictures"
        let names = Wording.few(classNames.map(\.visible), most: 5)
        return "\(data.visible): \(Wording.count(classNames.count, "class", plural: "classes")) (\(names)), \(tested), "
            + "\(channels == 1 ? "grey, " : "")\(shorterSide) pixels on their shorter side"
    }
}
