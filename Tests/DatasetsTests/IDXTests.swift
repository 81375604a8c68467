import Datasets
import Foundation
import Testing

@Suite struct IDXTests {
    @Test("plain and compressed files hold the same samples")
    func compression() throws {
        let folder = try IDXFolder()
        let plain = StoredDataset(try MNIST(.fashion, folder: folder.path))
        try folder.compress(IDXFolder.trainImages)
        try folder.compress(IDXFolder.testLabels)
        let compressed = StoredDataset(try MNIST(.fashion, folder: folder.path))
        for split in Split.allCases {
            #expect(plain.count(of: split) == compressed.count(of: split))
            for index in 0..<plain.count(of: split) {
                #expect(plain.label(at: index, in: split) == compressed.label(at: index, in: split))
                let image = try plain.image(index, of: split, imageSize: 28)
                #expect(image == (try compressed.image(index, of: split, imageSize: 28)))
                #expect(image == (0..<784).map { (Float((7 * index + $0) % 256) / 255 - 0.2860) / 0.3530 })
            }
        }
    }

    @Test(
        "a file cut anywhere is refused, naming what was found and what was expected",
        arguments: [0, 1, 3, 4, 7, 15, 16, 17, 800, 16 + 5 * 784 - 1])
    func truncation(length: Int) throws {
        let folder = try IDXFolder()
        let name = IDXFolder.trainImages
        try folder.write(Array(IDXFolder.images(5).prefix(length)), to: name)
        let expected: DatasetError =
            length < 16
            ? .truncatedHeader(file: folder.file(name), found: length, expected: 16)
            : .truncated(file: folder.file(name), found: length - 16, expected: 5 * 784)
        #expect(folder.failure() == expected)
        #expect(expected.description.contains(folder.file(name)))
    }

    @Test("data after the announced end are refused")
    func trailing() throws {
        let folder = try IDXFolder()
        try folder.write(IDXFolder.labels(3) + [0], to: IDXFolder.testLabels)
        #expect(folder.failure() == .trailing(file: folder.file(IDXFolder.testLabels), expected: 3))
    }

    @Test("a compressed file cut anywhere is refused")
    func compressedTruncation() throws {
        let whole = try IDXFolder()
        try whole.compress(IDXFolder.trainImages)
        let bytes = try whole.bytes(of: IDXFolder.trainImages + ".gz")
        for length in [0, 1, 2, 9, 10, 20, bytes.count / 2, bytes.count - 9, bytes.count - 8, bytes.count - 1] {
            let folder = try IDXFolder()
            try FileManager.default.removeItem(atPath: folder.file(IDXFolder.trainImages))
            try folder.write(Array(bytes.prefix(length)), to: IDXFolder.trainImages + ".gz")
            let failure = try #require(folder.failure(), "a file of \(length) of \(bytes.count) bytes opened")
            #expect(failure.description.contains(IDXFolder.trainImages + ".gz"))
        }
    }

    @Test("a changed bit in compressed data is refused")
    func corruption() throws {
        let folder = try IDXFolder()
        try folder.compress(IDXFolder.trainImages)
        let name = IDXFolder.trainImages + ".gz"
        var bytes = try folder.bytes(of: name)
        // In the checksum at the end, where no other check can notice.
        bytes[bytes.count - 8] ^= 1
        try folder.write(bytes, to: name)
        guard case .unreadable(folder.file(name), let reason) = folder.failure() else {
            Issue.record("\(String(describing: folder.failure()))")
            return
        }
        #expect(!reason.contains(folder.path))
    }

    @Test("a file of another kind is told by its first four bytes, however short")
    func magic() throws {
        let folder = try IDXFolder()
        try folder.write(IDXFolder.labels(5), to: IDXFolder.trainImages)
        let error = DatasetError.wrongMagic(file: folder.file(IDXFolder.trainImages), found: 0x801, expected: 0x803)
        #expect(folder.failure() == error)
        #expect(error.description.contains("0x00000801") && error.description.contains("0x00000803"))
        try folder.write(Array("<html>".utf8), to: IDXFolder.trainImages)
        #expect(
            folder.failure()
                == .wrongMagic(file: folder.file(IDXFolder.trainImages), found: 0x3c68_746d, expected: 0x803))
    }

    @Test("a header that announces more than there can be costs no memory")
    func excess() throws {
        let folder = try IDXFolder()
        let file = folder.file(IDXFolder.trainImages)
        try folder.write(IDXFolder.header(0x803, [0xffff_ffff, 0xffff_ffff, 0xffff_ffff]), to: IDXFolder.trainImages)
        guard case .excessive(file, _, _) = folder.failure() else {
            Issue.record("\(String(describing: folder.failure()))")
            return
        }
        try folder.write(IDXFolder.header(0x803, [5_000_000, 28, 28]) + [1], to: IDXFolder.trainImages)
        #expect(folder.failure() == .truncated(file: file, found: 1, expected: 5_000_000 * 784))
    }

    @Test("images and labels must be as many, and neither none")
    func counts() throws {
        let folder = try IDXFolder()
        try folder.write(IDXFolder.labels(4), to: IDXFolder.trainLabels)
        #expect(
            folder.failure()
                == .countMismatch(
                    images: folder.file(IDXFolder.trainImages), found: 5, labels: folder.file(IDXFolder.trainLabels),
                    expected: 4))
        let empty = try IDXFolder(train: 5, test: 0)
        #expect(empty.failure() == .empty(file: empty.file(IDXFolder.testImages)))
    }

    @Test("images must be 28 x 28")
    func size() throws {
        let folder = try IDXFolder()
        try folder.write(IDXFolder.images(5, rows: 32, columns: 32), to: IDXFolder.trainImages)
        #expect(
            folder.failure()
                == .wrongImageSize(file: folder.file(IDXFolder.trainImages), found: [32, 32], expected: [28, 28]))
    }

    @Test("a label that is no class is refused, naming its sample")
    func labels() throws {
        let folder = try IDXFolder()
        try folder.write(IDXFolder.header(0x801, [5]) + [0, 9, 10, 3, 255], to: IDXFolder.trainLabels)
        #expect(
            folder.failure()
                == .labelOutOfRange(file: folder.file(IDXFolder.trainLabels), sample: 2, found: 10, classes: 10))
    }

    @Test("a missing file is named together with what to install")
    func missing() throws {
        let folder = try IDXFolder()
        try FileManager.default.removeItem(atPath: folder.file(IDXFolder.testLabels))
        let failure = try #require(folder.failure())
        #expect(
            failure
                == .missingFile(
                    dataset: "fashion-mnist", folder: folder.path, file: IDXFolder.testLabels,
                    package: "dataset-fashion-mnist"))
        #expect(failure.description.contains("apt-get install dataset-fashion-mnist"))
        #expect(failure.description.contains("fashion-mnist:DIR"))
    }

    @Test("a folder in a file's place is refused")
    func directory() throws {
        let folder = try IDXFolder()
        try FileManager.default.removeItem(atPath: folder.file(IDXFolder.trainImages))
        try FileManager.default.createDirectory(
            atPath: folder.file(IDXFolder.trainImages), withIntermediateDirectories: false)
        guard case .unreadable(folder.file(IDXFolder.trainImages), _) = folder.failure() else {
            Issue.record("\(String(describing: folder.failure()))")
            return
        }
    }
}
