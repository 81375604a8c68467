import Foundation
import Pickles
import Testing

@testable import Datasets

@Suite struct CIFARTests {
    @Test("all forms of CIFAR hold the same samples, in the order of their files", arguments: CIFARFiles.Form.allCases)
    func forms(form: CIFARFiles.Form) throws {
        let folder = try MadeFolder()
        try MadeCIFAR.write(form, to: folder)
        let dataset = try openDataset(folder.path)
        #expect(dataset.classNames == (0..<form.classes).map { "class \($0)" } && dataset.channels == 3)
        let trained = form.trainFiles.count * MadeCIFAR.perFile
        #expect(dataset.count(of: .train) == trained && dataset.count(of: .test) == MadeCIFAR.perFile)
        let source = try #require((dataset as? StoredDataset)?.source)
        var sample = StoredSample()
        for (split, index, number) in [
            (Split.train, 0, 0), (.train, trained - 1, trained - 1), (.test, 1, trained + 1),
        ] {
            #expect(dataset.label(at: index, in: split) == number % form.classes)
            try source.read(index, of: split, into: &sample)
            let planes = MadeCIFAR.image(number)
            let expected = (0..<1024).flatMap { pixel -> [UInt8] in (0..<3).map { planes[1024 * $0 + pixel] } }
            #expect(sample.bytes == expected)
            #expect(sample.form == .pixels(height: 32, width: 32))
        }
        #expect(source.normalisation == (form.isOf100 ? .cifar100 : .cifar10))
    }

    @Test("binary and Python form, folder, the folder above and archive have one fingerprint")
    func places() throws {
        let folder = try MadeFolder()
        var prints: Set<String> = []
        for form in [CIFARFiles.Form.binary10, .python10] {
            try MadeCIFAR.write(form, to: folder, below: form.folder + "/")
            prints.insert(try openDataset("\(folder.path)/\(form.folder)").fingerprint)
            prints.insert(try openDataset(folder.path).fingerprint)
            try folder.run("tar", "-czf", form.archive, form.folder)
            prints.insert(try openDataset("\(folder.path)/\(form.archive)").fingerprint)
            try FileManager.default.removeItem(atPath: "\(folder.path)/\(form.folder)")
            prints.insert(try openDataset("cifar:" + folder.path).fingerprint)
        }
        #expect(prints.count == 1)
        try MadeCIFAR.write(.binary100, to: folder, below: "cifar-100-binary/")
        try MadeCIFAR.write(.binary10, to: folder, below: "cifar-10-batches-bin/")
        guard case .severalForms(folder.path, let found)? = folder.failure() else {
            Issue.record("one of two datasets was taken")
            return
        }
        #expect(found.count == 2)
    }

    @Test("files that are missing, cut or of another kind are named")
    func messages() throws {
        let folder = try MadeFolder()
        func failure(_ bytes: [UInt8], _ form: CIFARFiles.Form, _ name: String) throws -> String {
            try MadeCIFAR.write(form, to: folder)
            try folder.write(bytes, to: name)
            defer {
                for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] {
                    try? FileManager.default.removeItem(atPath: folder.path + "/" + name)
                }
            }
            return try #require(folder.failure()).description
        }
        #expect(
            try failure([1, 2, 3], .binary10, "data_batch_2.bin").contains(
                "data_batch_2.bin cannot be used: it has 3 bytes; expected a multiple of 3073"))
        #expect(try failure([], .binary10, "data_batch_2.bin").contains("holds no samples"))
        #expect(try failure([10] + MadeCIFAR.image(0), .binary10, "test_batch.bin").contains("the label 10"))
        #expect(
            try failure(Array("a\nb\n".utf8), .binary10, "batches.meta.txt").contains(
                "the names of 2 classes; expected 10"))
        #expect(
            try failure(MadeCIFAR.pickle([11], MadeCIFAR.image(0), key: "labels"), .python10, "data_batch_1").contains(
                "the label 11"))
        #expect(
            try failure(MadeCIFAR.pickle([1, 2], MadeCIFAR.image(0), key: "labels"), .python10, "data_batch_1")
                .contains("not a list 'labels'"))
        #expect(
            try failure(Array("cos\nsystem\n(S'true'\ntR.".utf8), .python10, "data_batch_3").contains(
                "it asks for os.system"))
        try MadeCIFAR.write(.python100, to: folder)
        try FileManager.default.removeItem(atPath: folder.path + "/meta")
        #expect(try #require(folder.failure()).description.contains("meta"))
    }

    @Test("an archive that is cut short is refused")
    func cutArchive() throws {
        let folder = try MadeFolder()
        try MadeCIFAR.write(.python10, to: folder, below: "cifar-10-batches-py/")
        try folder.run("tar", "-czf", "a.tar.gz", "cifar-10-batches-py")
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.path + "/a.tar.gz")))
        for share in [3, 5, 9] {
            try folder.write(Array(bytes.prefix(bytes.count * share / 10)), to: "cut.tar.gz")
            #expect(try #require(folder.failure("cut.tar.gz", prefix: "cifar:")).description.contains("cut.tar.gz"))
        }
    }
}

@Suite struct NumpyPickleTests {
    @Test("arrays of another type, or with another shape than their bytes, are refused")
    func arrays() throws {
        let image = MadeCIFAR.image(1)
        func array(_ bytes: [UInt8]) throws -> NumpyPickle.ByteArray {
            try NumpyPickle.array(PickleReader.value(of: bytes, NumpyPickle.dialect)["data"])
        }
        #expect(
            try array(MadeCIFAR.pickle([3], image, key: "labels"))
                == NumpyPickle.ByteArray(shape: [1, 3072], bytes: image[...]))
        for bytes in [
            MadeCIFAR.pickle([3], image, key: "labels", type: "i8"), MadeCIFAR.pickle([3], image + [0], key: "labels"),
        ] {
            #expect(throws: PickleError.self) { try array(bytes) }
        }
    }
}
