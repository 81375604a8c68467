import Foundation
import Testing

@testable import Datasets

@Suite struct RecognitionTests {
    @Test("what a path holds says what it is, and a prefix that it is something else is refused")
    func kinds() throws {
        let (idx, folder) = (try IDXFolder(), try MadeFolder())
        for name in ["train/a/1.png", "train/b/1.png", "val/a/1.png"] {
            try folder.write(picture(1), to: "photos/" + name)
        }
        try MadeCIFAR.write(.binary10, to: folder, below: "cifar/")
        try folder.write(TarFile.archive([("a/1.png", picture(1)), ("b/1.png", picture(2))]), to: "tars/x.tar")
        let paths: [(Recognition.Kind, String)] = [
            (.mnist, idx.path), (.folder, folder.path + "/photos"), (.cifar, folder.path + "/cifar"),
            (.tar, folder.path + "/tars"), (.tar, folder.path + "/tars/x.tar"),
        ]
        for (kind, path) in paths {
            for specification in [path, "\(kind.rawValue):\(path)"] {
                let found = try Recognition(of: specification)
                #expect(found.kind == kind && found.path == path && !found.reason.isEmpty)
            }
            for other in [Recognition.Kind.mnist, .cifar, .packed] where other != kind {
                guard case .wrongForm(path, other.rawValue, _)? = folder.error("\(other.rawValue):\(path)") else {
                    Issue.record("\(path) was taken for \(other)")
                    continue
                }
            }
        }
    }

    @Test("the names of datasets come before folders of that name, which ./ means")
    func names() throws {
        #expect(try Recognition(of: "shapes").kind == .shapes && Recognition(of: "synthetic").kind == .synthetic)
        #expect(throws: DatasetError.hasNoFiles(dataset: "shapes")) {
            try Recognition(of: "shapes").source(DatasetOptions())
        }
    }

    @Test(
        "what is not there is said so, with the nearest name", arguments: ["shaps", "./nowhere", "/nonexistent/photos"])
    func missing(name: String) {
        guard case .unknownDataset(name, _, _)? = try? MadeFolder().error(name) else {
            Issue.record("\(name) was opened")
            return
        }
        #expect(throws: DatasetError.noSuchPath(path: "/nonexistent", specification: "folder:/nonexistent")) {
            try openDataset("folder:/nonexistent")
        }
    }

    @Test("MNIST's files are found in their folder and where torchvision puts them, and the path says which they are")
    func mnist() throws {
        let idx = try IDXFolder()
        let folder = try MadeFolder()
        for name in ["MNIST", "FashionMNIST"] {
            try FileManager.default.createDirectory(atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
            try folder.link("\(name)/raw", to: idx.path)
        }
        #expect(try openDataset(folder.path + "/MNIST").classNames == (0..<10).map { "\($0)" })
        #expect(try openDataset(folder.path + "/MNIST/raw").name == "mnist")
        #expect(
            folder.failure()
                == .severalForms(
                    path: folder.path, found: ["MNIST", "FashionMNIST"].map { "\(folder.path)/\($0)/raw" }))
        try FileManager.default.removeItem(atPath: folder.path + "/MNIST")
        try FileManager.default.moveItem(atPath: folder.path + "/FashionMNIST", toPath: folder.path + "/MNIST")
        let digits = try openDataset(folder.path)
        let clothes = try openDataset("fashion-mnist:" + folder.path)
        #expect(digits.name == "mnist" && clothes.name == "fashion-mnist" && clothes.classNames[9] == "Ankle boot")
        #expect((digits as? StoredDataset)?.normalisation == .mnist)
        #expect(digits.fingerprint != clothes.fingerprint)
    }
}

extension MadeFolder {
    fileprivate func error(_ specification: String) -> DatasetError? {
        do throws(DatasetError) {
            _ = try openDataset(specification)
            return nil
        } catch {
            return error
        }
    }
}
