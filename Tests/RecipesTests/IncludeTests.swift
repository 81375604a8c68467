import Foundation
import Recipes
import Testing

/// Files in a folder of their own.
private final class Folder {
    let path: String

    init(_ files: [String: String]) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "recipes-\(UUID().uuidString)").path
        for (name, text) in files {
            let file = URL(filePath: path).appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func recipe(_ name: String, flags: RecipeOverrides = RecipeOverrides()) throws -> Recipe {
        try Recipe.resolve(file: RecipeOverrides(contentsOf: "\(path)/\(name)"), flags: flags)
    }
}

@Suite("An included file") struct IncludeTests {
    @Test(
        "an included file counts where the file says nothing; a later one wins; paths are from its own folder"
    )
    func layers() throws {
        let folder = try Folder([
            "a.yaml": "include: [base/b.yaml, base/c.yaml]\nmodel: lenet\nlr: 0.5\nlr_multipliers: {x: 1}",
            "base/b.yaml": "lr: 0.1\nmomentum: 0.1\nbatch_size: 7\nlr_multipliers: {x: 2, y: 3}",
            "base/c.yaml": "include: d.yaml\nmomentum: 0.2", "base/d.yaml": "seed: 9\nmomentum: 0.3\nbatch_size: 8",
        ])
        let recipe = try folder.recipe("a.yaml")
        #expect(recipe.model == "lenet" && recipe.learningRate == 0.5 && recipe.momentum == 0.2 && recipe.seed == 9)
        #expect(recipe.batchSize == 8 && recipe.rateMultipliers == ["x": 1, "y": 3])
    }

    @Test("an included file gives way to a value that is taken away, to another length and to another schedule")
    func replaced() throws {
        let folder = try Folder([
            "a.yaml": "include: b.yaml\nmixup: none\nmomentum: ~\nsteps: 5\nschedule: constant",
            "b.yaml": "model: a\nmixup: 0.2\nmomentum: 0.5\nepochs: 90\nschedule: step\nstep_epochs: 30",
            "c.yaml": "include: [b.yaml, d.yaml]\ncutmix: 1", "d.yaml": "mixup: false\nduration: 3epochs",
        ])
        let recipe = try folder.recipe("a.yaml")
        #expect(recipe.mixup == nil && recipe.momentum == 0.9 && recipe.duration == .steps(5))
        #expect(recipe.schedule.shape == .constant)
        let other = try folder.recipe("c.yaml")
        #expect(other.mixup == nil && other.duration == .epochs(3) && other.cutMix == 1)
    }

    @Test("an error in an included file names that file and the line")
    func lines() throws {
        let folder = try Folder([
            "a.yaml": "model: a\ninclude: b.yaml", "b.yaml": "\nlr: -1", "c.yaml": "include: d/e.yaml",
        ])
        #expect(
            message { _ = try folder.recipe("a.yaml") }
                == "\(folder.path)/b.yaml:2: lr is -1.0; expected a number above 0, or auto")
        #expect(
            message { _ = try folder.recipe("c.yaml") }
                == "\(folder.path)/c.yaml:1: include: \(folder.path)/d/e.yaml cannot be read: there is no such file; "
                + "expected a file of YAML, its path from this file's folder")
    }

    @Test("an included file that leads back to itself, too deep or too far is refused by name")
    func endless() throws {
        var files = [
            "a.yaml": "include: b.yaml", "b.yaml": "model: a\ninclude: sub/c.yaml", "sub/c.yaml": "include: ../a.yaml",
            "self.yaml": "include: ./self.yaml", "wide.yaml": "include: [w1.yaml, w1.yaml, w1.yaml, w1.yaml]",
            "odd.yaml": "include: {a: b}", "none.yaml": "include:\nmodel: a",
        ]
        for number in 1..<12 { files["\(number).yaml"] = "include: \(number + 1).yaml" }
        for number in 1..<6 {
            files["w\(number).yaml"] =
                "include: [\(Array(repeating: "w\(number + 1).yaml", count: 5).joined(separator: ", "))]"
        }
        files["w6.yaml"] = "lr: 1"
        let folder = try Folder(files)
        let circle = message { _ = try folder.recipe("a.yaml") }
        #expect(circle.contains("c.yaml:1: include: the files include each other without an end: "), "\(circle)")
        #expect(circle.contains("a.yaml -> ") && circle.contains("/b.yaml -> "), "\(circle)")
        #expect(
            message { _ = try folder.recipe("self.yaml") }.contains(
                "self.yaml:1: include: the files include each other"))
        #expect(message { _ = try folder.recipe("1.yaml") }.contains("8.yaml:1: include: more than 8 files"))
        #expect(message { _ = try folder.recipe("wide.yaml") }.contains("more than 64 files are included"))
        #expect(
            message { _ = try folder.recipe("odd.yaml") }.contains("odd.yaml:1: include is a mapping; expected a file"))
        #expect(try folder.recipe("none.yaml").model == "a")
    }

    @Test("an included file is named as where a value is from")
    func origins() throws {
        let folder = try Folder([
            "a.yaml": "include: b.yaml\nmodel: a\nduration: 4epochs", "b.yaml": "\nlr: 1\nseed: 2",
        ])
        var flags = RecipeOverrides()
        flags.seed = 3
        try flags.set("momentum=.5")
        let origins = try Recipe.origins(file: RecipeOverrides(contentsOf: folder.path + "/a.yaml"), flags: flags)
        #expect(origins["lr"] == .file(path: folder.path + "/b.yaml", line: 2))
        #expect(origins["epochs"] == .file(path: folder.path + "/a.yaml", line: 3))
        #expect(origins["seed"] == .flag && origins["momentum"] == .setting && origins["nesterov"] == .default)
    }

    @Test("the file and all that it includes are searched for everything that is wrong")
    func problems() throws {
        let folder = try Folder([
            "a.yaml": "include: b.yaml\nlr: fast\nepoch: 1\nbatch_size: 0", "b.yaml": "momentum: 2\nseeds: 1",
            "c.yaml": "epochs: 1\nsteps: 2", "d.yaml": "include: e.yaml\nlr: 0.5", "e.yaml": "momentum: 0.5",
        ])
        let found = Recipe.problems(inFile: folder.path + "/a.yaml").map { "\($0)".split(separator: "/").last ?? "" }
        #expect(
            found.map { $0.prefix { $0 != ";" } } == [
                "b.yaml:2: there is no key seeds", "a.yaml:2: lr is fast", "a.yaml:3: there is no key epoch",
                "a.yaml:4: batch_size is 0", "b.yaml:1: momentum is 2.0",
            ])
        #expect(Recipe.problems(inFile: folder.path + "/c.yaml").count == 1)
        #expect(Recipe.problems(inFile: folder.path + "/d.yaml").isEmpty)
    }
}

@Suite("A value that is set on the command line") struct SettingTests {
    private func set(_ settings: String..., in flags: RecipeOverrides = RecipeOverrides()) throws -> RecipeOverrides {
        var flags = flags
        for setting in settings { try flags.set(setting) }
        return flags
    }

    @Test("a value set on the command line is read as a file's is, of any key, and wins over the file")
    func values() throws {
        let flags = try set(
            "lr=1e-3", "freeze=[a, b]", "model_options={growth_rate: 12}", "output=a=b", "mixup=none",
            "duration=500steps")
        #expect(
            flags.learningRate == 1e-3 && flags.freeze == ["a", "b"] && flags.modelOptions == ["growth_rate": "12"])
        let recipe = try Recipe.resolve(
            file: file("model: a\nmixup: 0.2\nlr: 3\nepochs: 9\nmodel_options: {x: 1}"), flags: flags)
        #expect(recipe.mixup == nil && recipe.learningRate == 1e-3 && recipe.output == "a=b")
        #expect(recipe.duration == .steps(500) && recipe.modelOptions == ["growth_rate": "12", "x": "1"])
    }

    @Test("a value set on the command line is refused where it is none, or said twice")
    func refused() throws {
        var given = RecipeOverrides()
        given.learningRate = 1
        let cases = [
            ("lr", "--set is lr; expected key=value"), ("=1", "--set is =1; expected key=value"),
            ("lrr=1", "--set: there is no key lrr; did you mean lr?"),
            ("epochs=many", "--set epochs is many; expected a whole"),
            ("include=a.yaml", "--set: there is no key include"),
            ("freeze=[a", "--set freeze is [a; expected a list of texts"),
            ("momentum=1\nseed: 3", "--set momentum is 1\nseed: 3; expected a number"),
            ("freeze={a: b}", "--set freeze is a mapping"),
            ("lr=2", "lr is given twice, by --set and by --lr"),
        ]
        for (setting, expected) in cases {
            let text = message { _ = try set(setting, in: given) }
            #expect(text.hasPrefix(expected), "\(text)")
        }
        #expect(
            message { _ = try set("seed=1", "seed=2") }.hasPrefix("seed is given twice, by --set and by another --set"))
        #expect(message { _ = try set("mixup=none", "mixup=1") }.hasPrefix("mixup is given twice"))
        let range = message { _ = try Recipe.resolve(file: file("model: a"), flags: set("lr=-1")) }
        #expect(range == "--set lr is -1.0; expected a number above 0, or auto")
    }
}

@Suite("The length of a run") struct DurationTests {
    @Test("the length of a run is said by one key with its unit, and kept by the key of that unit")
    func units() throws {
        let epochs = try Recipe.resolve(file: file("model: a\nduration: 90epochs"), flags: RecipeOverrides())
        #expect(epochs.duration == .epochs(90) && epochs.yaml().contains("\nepochs: 90\n"))
        let steps = try Recipe.resolve(file: file("model: a\nduration: 1step"), flags: RecipeOverrides())
        #expect(steps.duration == .steps(1) && !steps.yaml().contains("duration"))
    }

    @Test("the length of a run is said once", arguments: ["epochs: 1", "steps: 1"])
    func twice(other: String) {
        let text = message {
            _ = try Recipe.resolve(file: file("model: a\nduration: 2epochs\n\(other)"), flags: RecipeOverrides())
        }
        #expect(
            text.hasPrefix("r.yaml:2: duration and r.yaml:3: \(other.prefix { $0 != ":" }) are both given"), "\(text)")
    }

    @Test(
        "the length of a run has a unit and is not nothing",
        arguments: ["90", "0epochs", "90 epochs", "1.5epochs", "0min", "-1steps", "many"])
    func wrong(text: String) {
        let text = message { _ = try file("duration: \(text)") }
        #expect(
            text.hasPrefix("r.yaml:1: duration is ") && text.contains("such as 90epochs, 500steps or 10min"), "\(text)")
    }
}
