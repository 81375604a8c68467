import Datasets
import Machine
import Tensors
import Terminal

/// The facts of a dataset from which a recipe is chosen, known before training.
package struct DataFacts: Equatable, Sendable {
    /// The kind of a dataset's pictures.
    package enum Kind: Equatable, Sendable {
        /// Small grey pictures, such as digits and letters: mirroring or cropping may change their meaning.
        case figures
        /// Small pictures in colour.
        case small
        /// All larger pictures.
        case photographs
    }

    /// The dataset, in the form of `--data`.
    package var data: String
    package var classNames: [String]
    /// The number of training pictures of each class, in the order of labels.
    package var classCounts: [Int]
    /// The number of test pictures; 0 where the data have no test split.
    package var testCount: Int
    /// The channels: 1 for grey, 3 for colour.
    package var channels: Int
    /// The median of the pictures' shorter sides, in pixels.
    package var shorterSide: Int
    /// The pictures that all ranks together decode in a second; nil where there is nothing to decode.
    package var decodedPerSecond: Double?
    /// Whether decoded pictures stay in memory, so that each is decoded once.
    package var staysInMemory = false

    /// The number of training pictures, including those that the run will hold out for testing.
    package var trainCount: Int { classCounts.reduce(0, +) }

    /// The highest shorter side of small pictures, in pixels.
    static let smallSide = 64

    package var kind: Kind {
        guard shorterSide <= Self.smallSide else { return .photographs }
        return channels == 1 ? .figures : .small
    }
}

extension DataFacts {
    /// The most training pictures to inspect, spread evenly over all, and the most seconds for that.
    private static let mostLooked = 64
    private static let mostSeconds = 2.0

    /// Inspects a dataset.
    ///
    /// - Parameters:
    ///   - data: the dataset, in the form of `--data`.
    ///   - threads: the decoding threads of a run, over all ranks.
    /// - Throws: `DatasetError` where the data cannot be opened.
    package init(of data: String, threads: Int) throws {
        // Nothing is held out, so the test pictures are those of the dataset's own test split.
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

    /// The side for which torchvision's models are made; used where no picture can be read.
    private static let usualSide = 224

    /// Decodes some pictures to find their sizes and the time that decoding takes.
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
            // Damaged pictures are reported by the run.
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

    /// The divisor of the available memory for the share of decoded pictures: half of the run's own limit.
    private static let shareForPictures = 8.0
}

extension DataFacts {
    /// A line for people that describes the dataset.
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
