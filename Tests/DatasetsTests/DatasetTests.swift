import Datasets
import Foundation
import Testing

private let debianHasIt = FileManager.default.fileExists(atPath: MNIST.debianFolder)

/// Mean and standard deviation.
func moments(_ numbers: [Float]) -> (mean: Double, deviation: Double) {
    var (sum, squares) = (0.0, 0.0)
    for number in numbers {
        sum += Double(number)
        squares += Double(number) * Double(number)
    }
    let mean = sum / Double(numbers.count)
    return (mean, (squares / Double(numbers.count) - mean * mean).squareRoot())
}

@Suite struct OpenDatasetTests {
    @Test("every known name without files opens under its own name", arguments: ["shapes", "synthetic"])
    func names(name: String) throws {
        let dataset = try openDataset(name)
        #expect(dataset.name == name && datasetNames.contains(name))
        #expect(dataset.count(of: .train) == 10_000 && dataset.count(of: .test) == 2_000)
        #expect(dataset.classNames.count == 10 && dataset.channels == 3)
    }

    @Test("a folder of one's own opens by name and path")
    func folder() throws {
        let folder = try IDXFolder(train: 12, test: 4)
        let dataset = try openDataset("fashion-mnist:\(folder.path)")
        #expect(dataset.count(of: .train) == 12 && dataset.count(of: .test) == 4 && dataset.channels == 1)
        #expect(dataset.label(at: 11, in: .train) == 1)
    }

    @Test(
        "an unknown name is answered with the nearest and with all",
        arguments: [
            ("shape", "shapes"), ("fashon-mnist", "fashion-mnist"), ("mnist", "fashion-mnist"),
            ("syntetic", "synthetic"),
        ])
    func unknown(name: String, nearest: String) {
        let expected = DatasetError.unknownDataset(found: name, nearest: nearest, known: datasetNames)
        #expect(throws: expected) { try openDataset(name) }
        #expect(expected.description.contains("did you mean '\(nearest)'"))
        for known in datasetNames { #expect(expected.description.contains(known)) }
    }

    @Test("datasets without files take no folder", arguments: ["shapes:/tmp", "synthetic:"])
    func folderless(specification: String) {
        let name = String(specification.prefix { $0 != ":" })
        #expect(throws: DatasetError.takesNoFolder(dataset: name, found: specification)) {
            try openDataset(specification)
        }
    }

    @Test("a folder that is not there is named")
    func missingFolder() {
        #expect {
            try openDataset("fashion-mnist:/nonexistent")
        } throws: { error in
            "\(error)".contains("/nonexistent")
        }
    }
}

@Suite struct FashionMNISTTests {
    @Test("Debian's files hold 60,000 and 10,000 samples, as many of each class, normalised", .enabled(if: debianHasIt))
    func real() throws {
        let dataset = try openDataset("fashion-mnist")
        for (split, count) in [(Split.train, 60_000), (.test, 10_000)] {
            #expect(dataset.count(of: split) == count)
            var frequencies = [Int](repeating: 0, count: 10)
            for index in 0..<count { frequencies[dataset.label(at: index, in: split)] += 1 }
            #expect(frequencies == [Int](repeating: count / 10, count: 10))
        }
        #expect(dataset.classNames[dataset.label(at: 0, in: .train)] == "Ankle boot")
        var pixels: [Float] = []
        for index in 0..<1000 { pixels += try dataset.image(index, of: .train, imageSize: 28) }
        let (mean, deviation) = moments(pixels)
        #expect(mean.magnitude < 0.05 && (deviation - 1).magnitude < 0.05)
    }

    @Test("images of twice the size interpolate bytes with quarters, as Pillow does, and repeat the edge")
    func doubled() throws {
        let folder = try IDXFolder()
        let dataset = StoredDataset(try MNIST(.fashion, folder: folder.path))
        let large = try dataset.image(0, of: .train, imageSize: 56)
        func normalised(_ byte: Int) -> Float { (Float(byte) / 255 - 0.2860) / 0.3530 }
        // Pixel k of the image is k modulo 256. Centres of the doubled grid lie a quarter and three quarters between
        // the original's; first rows are interpolated, with halves rounded up, then columns.
        #expect(large[0] == normalised(0) && large[55] == normalised(27))
        #expect(Array(large[1...4]) == [0, 1, 1, 2].map(normalised))
        // Between rows of 28: 7 below the first for 28 / 4.
        #expect(large[56] == normalised(7) && large[56 * 2] == normalised(21))
    }

    @Test("resizing to any size keeps a flat image flat", arguments: [1, 7, 27, 29, 32, 96, 224])
    func flat(size: Int) throws {
        let folder = try IDXFolder(train: 1, test: 1)
        try folder.write(
            IDXFolder.header(0x803, [1, 28, 28]) + [UInt8](repeating: 100, count: 784), to: IDXFolder.trainImages)
        let image = try StoredDataset(MNIST(.fashion, folder: folder.path)).image(0, of: .train, imageSize: size)
        #expect(image == [Float](repeating: (Float(100) / 255 - 0.2860) / 0.3530, count: size * size))
    }
}

@Suite struct SyntheticTests {
    @Test("a synthetic dataset repeats a few samples, with labels of any number of classes")
    func repetition() throws {
        let dataset = try openDataset("synthetic", options: DatasetOptions(channels: 1, classes: 1000))
        #expect(dataset.classNames.count == 1000 && dataset.channels == 1)
        let labels = (0..<10_000).map { dataset.label(at: $0, in: .train) }
        #expect(labels.allSatisfy { (0..<1000).contains($0) } && (30...64).contains(Set(labels).count))
        let image = try dataset.image(5, of: .train, imageSize: 300)
        #expect(image.count == 90_000)
        #expect(image == (try dataset.image(5 + 64, of: .train, imageSize: 300)))
        #expect(image != (try dataset.image(6, of: .train, imageSize: 300)))
        let (mean, deviation) = moments(image)
        #expect(mean.magnitude < 0.05 && (deviation - 1).magnitude < 0.05)
    }
}
