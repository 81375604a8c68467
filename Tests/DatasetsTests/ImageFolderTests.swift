import Foundation
import Testing

@testable import Datasets

@Suite struct ImageFolderTests {
    @Test("classes are sorted by bytes, pictures by their paths without endings, hidden files and other files left out")
    func order() throws {
        let folder = try MadeFolder()
        for name in [
            "train/b/2.PNG", "train/b/10.png", "train/a b/é.jpg", "train/a b/sub/x.webp", "train/a b/sub-1.jpeg",
            "train/Ä/1.png", "train/a b/.hidden.png", "train/a b/._x.jpg", "train/a b/.DS_Store",
            "train/__MACOSX/1.png", "train/a b/notes.txt", "train/a b/noending", "val/b/1.png", "val/a b/1.png",
            "val/Ä/1.png", "val/Ä/__MACOSX/2.png",
        ] { try folder.write(picture(1), to: name) }
        let dataset = try openDataset(folder.path)
        #expect(dataset.classNames == ["a b", "b", "Ä"])
        let train = listing(dataset, .train)
        let names = ["a b/sub-1.jpeg", "a b/sub/x.webp", "a b/é.jpg", "b/10.png", "b/2.PNG", "Ä/1.png"]
        #expect(train.map(\.path) == names.map { "\(folder.path)/train/\($0)" })
        #expect(train.map(\.label) == [0, 0, 0, 1, 1, 2])
        #expect(listing(dataset, .test).map(\.label) == [0, 1, 2])
        #expect(try dataset.image(3, of: .train, imageSize: 4).count == 4 * 4 * 3)
    }

    @Test(
        "pictures to test with lie in val, valid, validation or test, the first that is there, in any letters",
        arguments: [
            (["val", "test"], "val"), (["validation", "test"], "validation"), (["test"], "test"), (["Valid"], "Valid"),
            (["Testing"], "Testing"),
        ])
    func splits(folders: [String], expected: String) throws {
        let folder = try MadeFolder()
        for split in ["train"] + folders {
            for name in ["a", "b"] { try folder.write(picture(1), to: "\(split)/\(name)/1.png") }
        }
        let dataset = try openDataset(folder.path)
        #expect(listing(dataset, .test).map(\.path) == ["a", "b"].map { "\(folder.path)/\(expected)/\($0)/1.png" })
    }

    @Test("without folders a share is tested on, and pictures that come later move none of the others")
    func fraction() throws {
        let folder = try MadeFolder()
        for index in 0..<400 { try folder.write([], to: "\(["a", "b"][index % 2])/\(index).jpg") }
        let before = try openDataset(folder.path, options: DatasetOptions(validationFraction: 0.25))
        #expect((70...130).contains(before.count(of: .test)))
        #expect(before.count(of: .train) + before.count(of: .test) == 400)
        for index in 400..<500 { try folder.write([], to: "a/\(index).jpg") }
        let after = try openDataset(folder.path, options: DatasetOptions(validationFraction: 0.25))
        for split in Split.allCases {
            #expect(Set(listing(before, split).map(\.path)).isSubset(of: listing(after, split).map(\.path)))
        }
        let all = try openDataset(folder.path)
        #expect(listing(all, .test).allSatisfy { sample in listing(after, .test).contains { $0.path == sample.path } })
    }

    @Test("a class of few pictures keeps one to learn from, the same in a folder and a tar file of it")
    func fewPictures() throws {
        let folder = try MadeFolder()
        for name in 0..<40 { try folder.write(picture(name), to: "set/one-\(name)/1.png") }
        for name in 0..<20 { try folder.write(picture(name), to: "set/two-\(name)/\(name % 2).png") }
        for name in 0..<20 { try folder.write(picture(name + 1), to: "set/two-\(name)/\(name % 2 + 2).png") }
        try folder.run("tar", "-cf", "set.tar", "set")
        let options = DatasetOptions(validationFraction: 0.6)
        let dataset = try openDataset(folder.path + "/set", options: options)
        let learned = Set(listing(dataset, .train).map(\.label))
        #expect(dataset.classNames.count == 60 && learned.count == 60)
        // Those of one picture are all learned from; of those of two, some are tested on.
        let tested = listing(dataset, .test).map(\.path)
        #expect(tested.count > 5 && tested.allSatisfy { $0.contains("/two-") })
        let archive = try openDataset(folder.path + "/set.tar", options: options)
        #expect(archive.fingerprint == dataset.fingerprint)
    }

    @Test("symbolic links are what they lead to, and circles of them have an end")
    func links() throws {
        let (folder, other) = (try MadeFolder(), try MadeFolder())
        try other.write(picture(1), to: "x/1.png")
        for name in ["a/1.png", "a/2.png"] { try folder.write(picture(1), to: "train/" + name) }
        try folder.link("train/b", to: other.path + "/x")
        try folder.link("train/a/3.png", to: other.path + "/x/1.png")
        try folder.link("train/a/broken.png", to: "/nonexistent")
        try folder.write(picture(1), to: "val/a/1.png")
        let dataset = try openDataset(folder.path)
        #expect(dataset.classNames == ["a", "b"] && dataset.count(of: .train) == 4)
        try folder.link("train/a/circle", to: "..")
        guard case .tooDeep? = folder.failure() else {
            Issue.record("\(String(describing: folder.failure()))")
            return
        }
    }

    @Test("each thing that is wrong with a folder has a message of its own")
    func messages() throws {
        let empty = try MadeFolder()
        #expect(empty.failure() == .notRecognised(path: empty.path, found: "an empty folder"))
        try empty.write("x", to: "notes.txt")
        #expect(empty.failure() == .notRecognised(path: empty.path, found: "a folder with notes.txt"))

        let one = try MadeFolder()
        try one.write(picture(1), to: "a/1.png")
        #expect(one.failure() == .tooFewClasses(folder: one.path, found: ["a"]))
        try one.write("x", to: "b/notes.txt")
        #expect(one.failure() == .emptyClasses(folder: one.path, found: ["b"]))
        try one.write(picture(1), to: "b/1.png")
        // Of each class one stays to learn from: whoever needs any to test with says so.
        for fraction in [0, 1.0] {
            let dataset = try openDataset(one.path, options: DatasetOptions(validationFraction: fraction))
            #expect(dataset.count(of: .train) == 2 && dataset.count(of: .test) == 0)
        }

        let unknown = try MadeFolder()
        for name in ["train/a/1.png", "train/b/1.png", "val/c/1.png"] { try unknown.write(picture(1), to: name) }
        #expect(unknown.failure() == .unknownClasses(folder: unknown.path + "/val", found: ["c"]))
    }

    @Test("a folder that may not be read is named", .enabled(if: getuid() != 0))
    func unreadable() throws {
        let folder = try MadeFolder()
        for name in ["a/1.png", "b/1.png"] { try folder.write(picture(1), to: name) }
        chmod(folder.path + "/b", 0)
        defer { chmod(folder.path + "/b", 0o700) }
        guard case .unreadable(folder.path + "/b", _)? = folder.failure() else {
            Issue.record("\(String(describing: folder.failure()))")
            return
        }
    }
}

@Suite struct ImageNetTests {
    /// ImageNet of three classes, with a flat val folder.
    private func made() throws -> MadeFolder {
        let folder = try MadeFolder()
        for id in ["n01", "n02", "n03"] { try folder.write([], to: "train/\(id)/\(id)_1.JPEG") }
        for number in 1...4 { try folder.write([], to: "val/ILSVRC2012_val_0000000\(number).JPEG") }
        return folder
    }

    private func labels(_ folder: MadeFolder) throws -> [String] {
        let source = try ImageFolder(path: folder.path, validationFraction: 0.1)
        var labels = [String](repeating: "", count: source.count(of: .test))
        for index in 0..<source.count(of: .test) {
            let number = try #require(source.path(of: index, in: .test).dropLast(5).last?.wholeNumberValue)
            labels[number - 1] = source.classNames[source.label(at: index, in: .test)]
        }
        return labels
    }

    @Test("without a list of classes a message says which files are missing")
    func missing() throws {
        let folder = try made()
        let error = DatasetError.noValidationLabels(folder: folder.path + "/val", pictures: 4)
        #expect(folder.failure() == error)
        #expect(error.description.contains("LOC_val_solution.csv") && error.description.contains("map_clsloc.txt"))
        try folder.write("1\n2\n3\n1\n", to: "ILSVRC2012_validation_ground_truth.txt")
        #expect(
            folder.failure()
                == .noSynsetNumbers(file: folder.path + "/val/../ILSVRC2012_validation_ground_truth.txt"))
    }

    @Test("Kaggle's table gives each picture its class, in any order of lines and with their ends as on Windows")
    func solution() throws {
        let folder = try made()
        try folder.write(
            "ImageId,PredictionString\r\nILSVRC2012_val_00000003,n01 1 2 3 4 n01 5 6 7 8\r\n"
                + "ILSVRC2012_val_00000001,n03 1 2 3 4\r\nILSVRC2012_val_00000002,n02 1 2 3 4\r\n"
                + "ILSVRC2012_val_00000004,n03 1 2 3 4\r\n",
            to: "LOC_val_solution.csv")
        #expect(try labels(folder) == ["n03", "n02", "n01", "n03"])
        try folder.write("ImageId,PredictionString\nILSVRC2012_val_00000003,n01 1 2 3 4\n", to: "LOC_val_solution.csv")
        #expect(
            folder.failure()
                == .noLine(file: folder.path + "/val/../LOC_val_solution.csv", picture: "ILSVRC2012_val_00000001"))
    }

    @Test("the development kit's numbers mean what its map says, not the order of names")
    func groundTruth() throws {
        let folder = try made()
        try folder.write("1\n2\n3\n1\n", to: "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt")
        try folder.write("n02 1 kit_fox\nn03 2 English_setter\nn01 3 badger\n", to: "map_clsloc.txt")
        #expect(try labels(folder) == ["n02", "n03", "n01", "n02"])
        try folder.write("1\n2\n4\n1\n", to: "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt")
        guard case .unknownClass(_, 2, "4", _)? = folder.failure() else {
            Issue.record("\(String(describing: folder.failure()))")
            return
        }
    }

    @Test("a list of names, one for each picture, will do; the folder that Kaggle makes is found from above")
    func names() throws {
        let folder = try made()
        try folder.write("n02\nn02\nn01\nn03\n", to: "imagenet_2012_validation_synset_labels.txt")
        #expect(try labels(folder) == ["n02", "n02", "n01", "n03"])
        let above = try MadeFolder()
        try FileManager.default.createDirectory(
            atPath: above.path + "/ILSVRC/Data", withIntermediateDirectories: true)
        try above.link("ILSVRC/Data/CLS-LOC", to: folder.path)
        #expect(try openDataset(above.path).count(of: .test) == 4)
    }

    @Test("a flat test folder of pictures without classes is left out")
    func competition() throws {
        let folder = try MadeFolder()
        for index in 0..<40 { try folder.write([], to: "train/\(["a", "b"][index % 2])/\(index).jpg") }
        try folder.write([], to: "test/1.jpg")
        let dataset = try openDataset(folder.path)
        #expect(dataset.count(of: .test) > 0 && dataset.count(of: .train) + dataset.count(of: .test) == 40)
    }
}
