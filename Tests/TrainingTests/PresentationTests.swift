import Checkpoints
import Collectives
import Datasets
import Foundation
import Networks
import Recipes
import Testing

@testable import Training

@Suite("How a network is shown pictures", .serialized)
struct PresentationTests {
    private let run: TinyRun
    private let photographs: TinyPhotographs

    init() throws {
        run = try TinyRun()
        photographs = try TinyPhotographs()
    }

    private func flags(_ output: String, _ change: (inout RecipeOverrides) -> Void = { _ in }) -> RecipeOverrides {
        run.flags(output) { flags in
            flags.data = photographs.path
            flags.batchSize = 4
            flags.epochs = 1
            flags.learningRate = 0.01
            change(&flags)
        }
    }

    private func presentation(_ output: String, step: Int) throws -> [String: String] {
        try run.checkpoint(output, step: step).about(path: output).presentation
    }

    private func measured(_ photographs: TinyPhotographs, _ images: ImageOptions = ImageOptions()) throws
        -> Normalisation
    {
        let dataset = try #require(try openDataset(photographs.path) as? StoredDataset)
        return try #require(
            Normalisation.measured(on: dataset.source, imageSize: 28, images: images, threads: 1))
    }

    private func words(_ numbers: [Float]) -> String { numbers.map(\.description).joined(separator: ",") }

    // MARK: Where moments come from

    @Test("moments of photographs are measured once, and are the same on any number of ranks")
    func measuredMoments() throws {
        let alone = try run.train(flags("alone"))
        let together = try run.train(ranks: 2, flags("together") { $0.threads = 2 })
        #expect(alone.parametersSHA256 == together.parametersSHA256)
        #expect(alone.evaluation.loss.bitPattern == together.evaluation.loss.bitPattern)
        let kept = try presentation("alone", step: 5)
        #expect(try kept == presentation("together", step: 5))
        let moments = try measured(photographs)
        #expect(kept["moments"] == "measured" && kept["shorter_side"] == "32")
        #expect(kept["mean"] == words(moments.means) && kept["std"] == words(moments.deviations))
        #expect(moments.means != Normalisation.photographs.means)
    }

    @Test("moments are known of drawn and of well-known images")
    func knownMoments() throws {
        try run.train(run.flags("digits") { $0.epochs = 1 })
        let digits = try presentation("digits", step: 3)
        #expect(digits["mean"] == "0.286" && digits["std"] == "0.353" && digits["shorter_side"] == "28")
        #expect(digits["moments"] == "fashion-mnist" && digits["interpolation"] == "bilinear")
        try run.train(
            run.flags("shapes") { flags in
                flags.data = "shapes"
                (flags.epochs, flags.steps) = (nil, 1)
            })
        #expect(try presentation("shapes", step: 1)["mean"] == "0.5,0.5,0.5")
        try run.train(
            run.flags("synthetic") { flags in
                flags.data = "synthetic"
                (flags.epochs, flags.steps) = (nil, 1)
            })
        #expect(try presentation("synthetic", step: 1).isEmpty)
    }

    @Test("pixels stay between 0 and 1 where nobody is to normalise them, in a run that goes on too")
    func unchanged() throws {
        func asked(_ output: String) -> RecipeOverrides {
            run.flags(output) { flags in
                flags.normalisation = Recipe.Normalisation.none
                everyStep(&flags)
            }
        }
        let whole = try run.train(asked("whole"))
        let kept = try presentation("whole", step: 9)
        #expect(kept["mean"] == "0.0" && kept["std"] == "1.0" && kept["moments"] == "none")
        #expect(try run.train(run.flags("auto")).parametersSHA256 != whole.parametersSHA256)
        try run.train(ranks: 2, asked("broken"))
        try run.forget("broken", after: 4)
        var again = asked("broken")
        again.resume = .auto
        #expect(try run.train(again).parametersSHA256 == whole.parametersSHA256)
        let found = try evaluate(run.file("whole", step: 9)).evaluation
        #expect(found.loss.bitPattern == whole.evaluation.loss.bitPattern)
        let drawn = try run.failure(
            run.flags("shapes") { flags in
                flags.data = "shapes"
                flags.normalisation = Recipe.Normalisation.none
            })
        #expect(drawn.contains("--normalise is none, but the images of shapes are drawn"), "\(drawn)")
    }

    /// Writes a checkpoint of a run anew, with another presentation.
    private func rewrite(_ output: String, step: Int, _ change: (inout [String: String]) -> Void) throws {
        let path = try run.file(output, step: step)
        let old = try Checkpoint(contentsOf: path)
        var about = try old.about(path: path)
        change(&about.presentation)
        try FileManager.default.removeItem(atPath: path)
        try Checkpoint(tensors: old.tensors, optimizer: old.optimizer, averaged: old.averaged, about: about)
            .write(to: path)
    }

    @Test("a run that goes on is shown them as its checkpoint says, and has the bits of one that never stopped")
    func resumed() throws {
        let whole = try run.train(flags("whole"))
        try run.train(ranks: 2, flags("broken", everyStep))
        try run.forget("broken", after: 2)
        let resumed = try run.train(flags("broken") { $0.resume = .auto })
        #expect(resumed.parametersSHA256 == whole.parametersSHA256)
        #expect(try presentation("broken", step: 5) == presentation("whole", step: 5))

        // Moments that nobody could measure.
        try run.train(flags("other", everyStep))
        try run.forget("other", after: 2)
        try rewrite("other", step: 2) { texts in
            texts["mean"] = "0.25,0.25,0.25"
            texts["shorter_side"] = "30"
        }
        let other = try run.train(ranks: 2, flags("other") { $0.resume = .auto })
        #expect(other.parametersSHA256 != whole.parametersSHA256)
        let kept = try presentation("other", step: 5)
        #expect(kept["mean"] == "0.25,0.25,0.25" && kept["shorter_side"] == "30" && kept["moments"] == "measured")
    }

    @Test("a run whose checkpoint says nothing goes on with the moments that there were before: those of photographs")
    func earlierVersion() throws {
        try run.train(flags("old", everyStep))
        try run.forget("old", after: 2)
        try rewrite("old", step: 2) { $0 = [:] }
        try run.train(flags("old") { $0.resume = .auto })
        #expect(try presentation("old", step: 5)["mean"] == "0.485,0.456,0.406")
    }

    @Test("weights to begin with keep the moments of their checkpoint; those of elsewhere get ImageNet's")
    func initialWeights() throws {
        let others = try TinyPhotographs(shift: 7)
        #expect(try measured(others) != measured(photographs))
        try run.train(flags("first"))
        let first = try run.file("first", step: 5)
        func begun(_ output: String, with file: String, _ change: (inout RecipeOverrides) -> Void = { _ in }) throws
            -> [String: String]
        {
            try run.train(
                flags(output) { flags in
                    flags.data = others.path
                    flags.initFile = file
                    (flags.epochs, flags.steps) = (nil, 1)
                    change(&flags)
                })
            return try presentation(output, step: 1)
        }
        #expect(try begun("ours", with: first)["mean"] == words(measured(photographs).means))
        let bare = run.path("bare.safetensors")
        try Checkpoint(contentsOf: first).exportWeights(to: bare)
        #expect(try begun("bare", with: bare)["moments"] == "ImageNet")
        // What is known of a dataset's own images counts more than what is taken to be.
        try run.train(run.flags("digits") { $0.epochs = 1 })
        let grey = run.path("grey.safetensors")
        try run.checkpoint("digits", step: 3).exportWeights(to: grey)
        try run.train(
            run.flags("greys") { flags in
                flags.initFile = grey
                flags.epochs = 1
            })
        #expect(try presentation("greys", step: 3) == presentation("digits", step: 3))
    }

    // MARK: Who else shows pictures

    private func evaluate(
        _ file: String, on data: String? = nil, images: RecipeOverrides = RecipeOverrides(), model: String? = nil,
        ranks: Int = 1
    ) throws -> CheckpointEvaluation {
        let results = try InProcessCommunicator.run(ranks: ranks) { world in
            Result {
                try CheckpointEvaluation(
                    of: { try NetworkFile(contentsOf: file, model: model) }, data: data, images: images, threads: 1,
                    instructionSet: .auto, world: world)
            }
        }
        return try #require(results.first).get()
    }

    private func failure(_ file: String, on data: String, model: String? = nil, ranks: Int = 1) -> String {
        do {
            _ = try evaluate(file, on: data, model: model, ranks: ranks)
            return "it was evaluated"
        } catch {
            return "\(error)"
        }
    }

    /// The mean loss of predictions of the pictures to test with, and how many are right.
    private func predicted(
        _ file: String, classes: [String], of photographs: TinyPhotographs, images: RecipeOverrides = RecipeOverrides()
    ) throws -> (loss: Double, correct: Int) {
        let predictor = try Predictor(
            NetworkFile(contentsOf: file, model: nil), images: images, threads: 1, instructionSet: .auto)
        var (loss, correct, count) = (0.0, 0, 0)
        for name in classes {
            let label = try #require(predictor.classNames.firstIndex(of: name))
            for path in try photographs.testPictures(of: name) {
                let prediction = try predictor.prediction(ofFile: path)
                loss -= log(prediction.probabilities[label])
                correct += prediction.top(1)[0].label == label ? 1 : 0
                count += 1
            }
        }
        return (loss / Double(count), correct)
    }

    @Test(
        "a picture is predicted as evaluation saw it: turned, cut and normalised alike, as the run was asked to",
        arguments: [false, true])
    func predictions(isOtherwise: Bool) throws {
        let outcome = try run.train(
            flags("run") { flags in
                // A network to which pictures make a difference.
                flags.modelOptions = ["activation": "relu"]
                guard isOtherwise else { return }
                flags.interpolation = .bicubic
                flags.decoding = .fast
                flags.exifOrientation = false
            })
        let file = try run.file("run", step: 5)
        let kept = try presentation("run", step: 5)
        #expect(kept["interpolation"] == (isOtherwise ? "bicubic" : "bilinear"))
        #expect(kept["exif_orientation"] == (isOtherwise ? "off" : "on"))
        let evaluated = try evaluate(file, ranks: 2)
        #expect(evaluated.evaluation.loss.bitPattern == outcome.evaluation.loss.bitPattern)
        #expect(evaluated.notes.isEmpty)
        let shown = try predicted(file, classes: ["cat", "dog", "owl"], of: photographs)
        // The same logits, whose loss is computed in float32 there: some roundings of 2^-24 of a loss near 1.
        #expect(abs(shown.loss - outcome.evaluation.loss) < 1e-5)
        #expect(shown.correct == outcome.evaluation.correct)

        var asked = RecipeOverrides()
        asked.exifOrientation = isOtherwise
        let turned = try evaluate(file, images: asked).evaluation
        #expect(abs(turned.loss - outcome.evaluation.loss) > 1e-4)
        #expect(
            try abs(
                predicted(file, classes: ["cat", "dog", "owl"], of: photographs, images: asked).loss - turned.loss)
                < 1e-5)
    }

    @Test("a checkpoint that says nothing of it is evaluated on what its data were shown with before")
    func evaluatedEarlierVersion() throws {
        try run.train(flags("old"))
        let loss = try evaluate(run.file("old", step: 5)).evaluation.loss
        try rewrite("old", step: 5) { $0 = [:] }
        let file = try NetworkFile(contentsOf: run.file("old", step: 5), model: nil)
        #expect(file.presentation()?.normalisation == .photographs && file.presentation()?.shorterSide == 28)
        #expect(try evaluate(run.file("old", step: 5)).evaluation.loss != loss)
    }

    @Test("weights of elsewhere are shown photographs as torchvision's references do it")
    func elsewhere() throws {
        try run.train(flags("run"))
        let path = run.path("w.safetensors")
        try run.checkpoint("run", step: 5).exportWeights(to: path)
        let file = try NetworkFile(contentsOf: path, model: "lenet")
        #expect(file.presentation() == Presentation(ofPhotographsWith: 3, imageSize: 28))
        let imported = try WeightsImport(
            contentsOf: path, model: ModelChoice("lenet", options: ["input_channels": "3"]), classes: 3,
            imageSize: nil, skipsMismatched: false)
        try imported.checkpoint.write(to: run.path("i.safetensors.zst"))
        let again = try NetworkFile(contentsOf: run.path("i.safetensors.zst"), model: nil)
        #expect(again.presentation() == file.presentation())
    }

    @Test("a presentation that is not as it should be is named with its file")
    func malformed() throws {
        try run.train(flags("run"))
        try rewrite("run", step: 5) { $0["std"] = "1,0,1" }
        let file = try run.file("run", step: 5)
        let message = failure(file, on: photographs.path, ranks: 2)
        #expect(message.contains("\(file): the metadata say presentation: std = 1,0,1; expected 3 numbers above 0"))
    }

    // MARK: Labels

    @Test("labels of other data are matched by the names of the classes, whatever their number and order")
    func labels() throws {
        try run.train(flags("run"))
        let file = try run.file("run", step: 5)
        // Sorted, they are two of three, and the second and third.
        let fewer = try TinyPhotographs(classes: ["dog", "owl"], shift: 3)
        let evaluated = try evaluate(file, on: fewer.path, ranks: 2)
        let shown = try predicted(file, classes: ["dog", "owl"], of: fewer)
        #expect(abs(shown.loss - evaluated.evaluation.loss) < 1e-5 && shown.correct == evaluated.evaluation.correct)
        #expect(evaluated.notes.count == 1)
        #expect(evaluated.notes.first?.contains("has 2 of the network's 3 classes: labels are matched by") == true)

        let others = try TinyPhotographs(classes: ["cat", "eel", "yak"])
        let message = failure(file, on: others.path, ranks: 2)
        #expect(message.contains("has classes that the network does not have: eel, yak. It has cat, dog, owl"))
    }

    @Test("labels for a network that does not name its classes are taken in their order, where there are as many")
    func unnamedLabels() throws {
        try run.train(flags("run"))
        let path = run.path("w.safetensors")
        try run.checkpoint("run", step: 5).exportWeights(to: path)
        let evaluated = try evaluate(path, on: photographs.path, model: "lenet")
        #expect(evaluated.notes.contains { $0.contains("in their order (cat, dog, owl)") }, "\(evaluated.notes)")
        let fewer = try TinyPhotographs(classes: ["dog", "owl"])
        let message = failure(path, on: fewer.path, model: "lenet")
        #expect(message.contains("does not name its 3 classes, and folder:\(fewer.path) has 2"), "\(message)")
    }

    @Test("images of other channels than the network's are refused before their labels are")
    func channels() throws {
        try run.train(flags("run"))
        #expect(
            failure(try run.file("run", step: 5), on: run.data.specification).contains(
                "have 1 channel, but the network was trained on 3"))
    }
}
