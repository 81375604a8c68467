import Foundation
import ImageFaults
import Recipes
import Testing

@testable import Datasets
@testable import Training

/// The results of a run that do not depend on its time.
private struct Reached: Equatable {
    let parameters: String
    let loss: Double
    let correct: Int
    let samples: Int

    init(_ outcome: TrainingOutcome) {
        parameters = outcome.parametersSHA256
        (loss, correct) = (outcome.evaluation.loss, outcome.evaluation.correct)
        samples = outcome.evaluation.samples
    }
}

@Suite("A damaged sample", .withOurKernels)
struct BadSampleTests {
    private let run: TinyRun

    init() throws { run = try TinyRun() }

    private func flags(
        _ output: String, _ photos: MadePhotos, _ change: (inout RecipeOverrides) -> Void = { _ in }
    ) -> RecipeOverrides {
        run.flags(output) { flags in
            flags.data = photos.path
            flags.epochs = 1
            change(&flags)
        }
    }

    private func list(_ output: String) throws -> [String] {
        let text = try String(contentsOfFile: run.path(output) + "/bad-samples.tsv", encoding: .utf8)
        #expect(text.hasSuffix("\n"))
        return text.split(separator: "\n").map(String.init)
    }

    @Test("a damaged sample is left out of its batch on any number of ranks, which end with the same parameters")
    func leftOut() throws {
        let photos = try MadePhotos()
        try photos.damage(4)
        try photos.write(Array("<html><body>404</body></html>".utf8), to: "train/b/page.jpg")
        try photos.damage(2, in: "val")
        let alone = try run.train(flags("1", photos))
        #expect(alone.evaluation.samples == 12)
        for ranks in [2, 4] {
            let outcome = try run.train(ranks: ranks, flags("\(ranks)", photos))
            #expect(Reached(outcome) == Reached(alone))
            #expect(try list("\(ranks)") == list("1"))
        }
        // Two passes a step are tried too.
        for ranks in [1, 4] {
            let passes = flags("passes-\(ranks)", photos) { flags in
                flags.batchSize = 8
                flags.accumulate = 2
            }
            #expect(Reached(try run.train(ranks: ranks, passes)) == Reached(alone))
            #expect(try list("passes-\(ranks)") == list("1"))
        }
        // A run on the sound pictures alone is another run: nothing takes the place of samples that are left out.
        let others = try MadePhotos()
        let sound = try run.train(flags("sound", others))
        #expect(sound.parametersSHA256 != alone.parametersSHA256)
        #expect(!FileManager.default.fileExists(atPath: run.path("sound") + "/bad-samples.tsv"))
    }

    @Test("a damaged sample is listed once with its split, number, path and reason, in the order of the samples")
    func listed() throws {
        let photos = try MadePhotos()
        try photos.damage(3)
        try photos.write([], to: "train/b/99\u{9}\nx.jpg")
        try photos.damage(1, in: "val")
        try run.train(ranks: 2, flags("run", photos) { $0.epochs = 3 })
        let lines = try list("run")
        #expect(lines.first == "split\tindex\tpath\treason")
        let rows = lines.dropFirst().map { $0.split(separator: "\t").map(String.init) }
        #expect(rows.allSatisfy { $0.count == 4 })
        #expect(rows.map { $0[0] } == ["test", "train", "train", "train", "train"])
        let source = try #require(try openDataset(photos.path) as? StoredDataset).source
        for row in rows {
            let (split, index) = (try #require(Split(rawValue: row[0])), try #require(Int(row[1])))
            #expect(source.path(of: index, in: split).replacing("\t", with: " ").replacing("\n", with: " ") == row[2])
        }
        #expect(rows.dropLast().allSatisfy { $0[2].contains("-cut-") && $0[3].contains("cut short") })
        #expect(rows.last?[3].contains("is empty") == true)
    }

    @Test("the path of a damaged sample keeps its bytes in the list, whether they are UTF-8 or not")
    func bytes() throws {
        let photos = try MadePhotos()
        let path = Array("\(photos.path)/train/a/caf".utf8) + [0xE9] + Array(".png".utf8)
        fclose(fopen((path + [0]).map { CChar(bitPattern: $0) }, "w"))
        try run.train(flags("run", photos))
        let list = try Data(contentsOf: URL(filePath: run.path("run") + "/bad-samples.tsv"))
        #expect(list.firstRange(of: Data(path)) != nil)
    }

    @Test("a run tolerates 10 damaged samples, or as many as asked for; the list has the first one beyond that")
    func limit() throws {
        let photos = try MadePhotos()
        try photos.damage(11)
        let words = try run.failure(ranks: 2, flags("run", photos))
        #expect(words.contains("11 samples cannot be read, more than the 10 that a run goes on with"), "\(words)")
        #expect(words.contains("--max-bad-samples") && words.contains("bad-samples.tsv lists them"), "\(words)")
        #expect(words.split(separator: "\n").count <= 5)
        #expect(try list("run").count == 12)
        try run.train(flags("more", photos) { $0.maxBadSamples = 11 })
        #expect(try run.failure(flags("fewer", photos) { $0.maxBadSamples = 3 }).contains("more than the 3"))
        #expect(try run.failure(flags("none", photos) { $0.maxBadSamples = 0 }).contains("more than the 0"))
        // The limit is a thousandth of the samples where that is more.
        #expect(BadSamples(limit: nil, samples: 9_999, say: { _ in }).limit == 10)
        #expect(BadSamples(limit: nil, samples: 60_000, say: { _ in }).limit == 60)
        #expect(BadSamples(limit: 2, samples: 60_000, say: { _ in }).limit == 2)
    }

    @Test("a damaged test sample counts too, and is met by every evaluation, but is in the list once")
    func evaluation() throws {
        let photos = try MadePhotos()
        try photos.damage(10, in: "val")
        try run.train(ranks: 2, flags("run", photos) { $0.epochs = 3 })
        #expect(try list("run").count == 11)
        try photos.damage(1)
        #expect(try run.failure(ranks: 2, flags("more", photos)).contains("11 samples cannot be read"))
    }

    @Test("a damaged sample ends a strict run at once, which names it and what is wrong with it", arguments: [1, 2])
    func strict(ranks: Int) throws {
        let photos = try MadePhotos()
        try run.train(ranks: ranks, flags("sound", photos) { $0.isStrict = true })
        try photos.damage(2)
        let words = try run.failure(ranks: ranks, flags("run", photos) { $0.isStrict = true })
        #expect(
            words.contains("/train/a/-cut-") && words.contains("cut short") && words.contains("--strict"), "\(words)")
        #expect(words.split(separator: "\n").count <= 5)
        #expect((2...3).contains(try list("run").count))
    }

    @Test("a damaged sample is in the list once, through a stop and a resumption with other limits")
    func resumed() throws {
        let photos = try MadePhotos()
        try photos.damage(6)
        try photos.damage(1, in: "val")
        let whole = try run.train(flags("whole", photos) { $0.epochs = 2 }).parametersSHA256
        var hooks = TrainerHooks()
        hooks.isStopAsked = { _, step in step == 1 }
        #expect(throws: RunStopped.self) {
            try run.train(ranks: 2, flags("stopped", photos) { $0.epochs = 2 }, hooks: hooks)
        }
        let before = try list("stopped")
        let resumed = flags("stopped", photos) { flags in
            flags.epochs = 2
            flags.resume = .auto
            flags.maxBadSamples = 7
            flags.prefetchMegabytes = 1
            flags.imageCache = .off
            flags.isStrict = false
        }
        #expect(try run.train(ranks: 4, resumed).parametersSHA256 == whole)
        let after = try list("stopped")
        #expect(Set(after).isSuperset(of: before) && Set(after).count == after.count)
        #expect(try after == list("whole") && after.count == 8)
        // A damaged sample that only the part before the stop has met stays in the list.
        try photos.write(MadePhotos.picture(0), to: "train/a/-cut-1.png")
        try run.forget("stopped", after: 3)
        try run.train(resumed)
        #expect(try list("stopped") == after)
    }

    @Test("a damaged sample makes its batch smaller, and a step whose whole batch is damaged counts without an update")
    func emptyBatch() throws {
        // A batch of each epoch consists of damaged samples alone.
        let photos = try MadePhotos(train: 4, test: 4)
        try photos.damage(4)
        func flags(_ output: String) -> RecipeOverrides {
            self.flags(output, photos) { flags in
                flags.batchSize = 4
                flags.shuffle = false
                flags.epochs = 2
            }
        }
        let alone = try run.train(flags("1"))
        #expect(alone.step == 4)
        #expect(try run.train(ranks: 2, flags("2")).parametersSHA256 == alone.parametersSHA256)
        #expect(try run.train(ranks: 4, flags("4")).parametersSHA256 == alone.parametersSHA256)
    }
}

@Suite("A set of few pictures")
struct FewPicturesTests {
    @Test("a set of one picture a class has none to test with, which a run says first", arguments: [1, 2])
    func single(ranks: Int) throws {
        let (run, photos) = (try TinyRun(), try MadePhotos(train: 2, test: 0))
        let words = try run.failure(ranks: ranks, run.flags("run") { $0.data = photos.path + "/train" })
        #expect(words.contains("no samples to test with") && words.contains("--validation-fraction"), "\(words)")
        #expect(!FileManager.default.fileExists(atPath: run.path("run")))
    }
}

@Suite("Every kind of file that people find among their pictures", .withOurKernels)
struct OddPictureRunTests {
    /// Returns the corpus in folders, with sound pictures that fill the batches before it.
    private func photos() throws -> MadePhotos {
        let photos = try MadePhotos(train: 64, test: 16)
        // Files that are not pictures are passed over, and a pipe is not waited for.
        #expect(mkfifo(photos.path + "/train/a/pipe.jpg", 0o600) == 0)
        #expect(symlink("circle.jpg", photos.path + "/train/a/circle.jpg") == 0)
        #expect(symlink("/dev/zero", photos.path + "/val/b/zeros.png") == 0)
        try photos.write(MadePhotos.picture(7), to: "train/b/folder.jpg/two\nlines.png")
        for (number, odd) in OddPicture.all.enumerated() {
            let split = number % 5 == 4 ? "val" : "train"
            try photos.write(odd.bytes, to: "\(split)/\(number % 2 == 0 ? "a" : "b")/\(odd.name)")
        }
        return photos
    }

    @Test(
        "every kind of odd file is trained on or left out, alike on 1, 2 and 4 ranks, cached or not",
        arguments: [Recipe.Augmentation.none, .resizedCropFlip])
    func walk(augmentation: Recipe.Augmentation) throws {
        let (run, photos) = (try TinyRun(), try photos())
        func train(ranks: Int, _ cache: Recipe.ImageCache) throws -> (TrainingOutcome, [String]) {
            let output = "\(ranks)-\(cache)"
            let flags = run.flags(output) { flags in
                flags.data = photos.path
                flags.epochs = 2
                flags.augmentation = augmentation
                flags.mixup = augmentation == .none ? nil : 0.5
                flags.maxBadSamples = 1000
                flags.imageCache = cache
                flags.learningRate = 0.01
            }
            let outcome = try run.train(ranks: ranks, flags)
            let list = try String(contentsOfFile: run.path(output) + "/bad-samples.tsv", encoding: .utf8)
            return (outcome, list.split(separator: "\n").dropFirst().map(String.init))
        }
        let (alone, list) = try train(ranks: 1, .auto)
        for (ranks, cache) in [(2, .off), (4, .auto), (1, .off)] as [(Int, Recipe.ImageCache)] {
            let (outcome, otherList) = try train(ranks: ranks, cache)
            #expect(Reached(outcome) == Reached(alone))
            #expect(otherList == list)
        }
        let rows = list.map { $0.split(separator: "\t").map(String.init) }
        #expect(rows.allSatisfy { $0.count == 4 })
        let reasons = Dictionary(rows.map { ($0[2].split(separator: "/").last.map(String.init) ?? "", $0[3]) }) { $1 }
        #expect(reasons.count == rows.count)
        var tested = 16
        for (number, odd) in OddPicture.all.enumerated() {
            let reason = reasons[odd.name]
            if number % 5 == 4 && reason == nil { tested += 1 }
            switch odd.verdict {
            case .decodes: #expect(reason == nil, "\(odd.name): \(reason ?? "")")
            case .leftOut(let words):
                // A part above the damage may be sound.
                if augmentation != .none && reason == nil { continue }
                #expect(
                    reason.map { words.isEmpty || $0.contains(words) } == true, "\(odd.name): \(reason ?? "decoded")")
            case .either: break
            }
        }
        #expect(alone.evaluation.samples == tested)
    }
}
