import CommandSupport
import Foundation
import Testing

@testable import cnn_train

@Suite("One line", .serialized)
struct AutoTests {
    private let commands: Commands

    init() throws {
        commands = try Commands()
        try DrawnPhotographs.write([24, 12, 12], to: commands.folder + "/photos", side: 32)
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: commands.folder + "/" + name, encoding: .utf8)
    }

    @Test("a path where a command could stand is trained on, by any number of ranks", arguments: [nil, 2] as [Int?])
    func path(ranks: Int?) throws {
        let outcome = try commands.run("./photos", "--time", "2s", "--output", "runs/a", ranks: ranks)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("./photos: 3 classes (crosses, discs, squares), 48 pictures"))
        #expect(outcome.output.contains("discs has 12 pictures and crosses 24"), "\(outcome.output)")
        #expect(outcome.output.contains("\nTest accuracy "))
        // All that shows other runs to people shows this one.
        #expect(outcome.output.contains("\nThe report: runs/a/report.html\n"))
        #expect(try text("runs/a/report.html").contains("squares"))
        #expect(FileManager.default.fileExists(atPath: commands.folder + "/runs/a/tensorboard"))
        // What it says to try next is a command.
        let last = try #require(outcome.output.split(separator: "\n").last).trimmingCharacters(in: .whitespaces)
        #expect(last.hasPrefix("cnn-train predict --checkpoint runs/a ./photos/"), "\(last)")
        let tried = try commands.run(last.split(separator: " ").dropFirst().map(String.init))
        #expect(tried.status == 0, "\(tried.errors)")
        // The recipe is an ordinary one, and gives the same run again.
        let recipe = try text("runs/a/recipe.yaml")
        #expect(recipe.contains("\n# ") && !recipe.contains("output:"))
        let again = try commands.run(
            "--config", "runs/a/recipe.yaml", "--set", "time=null", "--steps", "1", "--output", "runs/b", ranks: ranks)
        #expect(again.status == 0, "\(again.errors)")
        #expect(try text("runs/b/config.yaml").contains("class_weights: balanced"))
    }

    @Test("a folder's bare name will do, and what is said counts")
    func options() throws {
        let outcome = try commands.run(
            "photos", "--dry-run", "--time", "5s", "--model", "resnet18_cifar", "--batch-size", "8")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("# asked for\nmodel: resnet18_cifar\n"), "\(outcome.output)")
        #expect(outcome.output.contains("\nbatch_size: 8\n") && outcome.output.contains("\ntime: "))
        #expect(!FileManager.default.fileExists(atPath: commands.folder + "/runs"))
    }

    @Test("a first word that is neither a path nor a command, and options against the path, are refused in words")
    func mistakes() throws {
        let lines = [
            (["phtos"], "phtos"), (["./phtos"], "'./phtos'"), (["photos", "--data", "shapes"], "named twice"),
            (["photos", "--resume"], "--resume --output"), (["photos", "--model", "resnet81"], "resnet81"),
        ]
        for (words, expected) in lines {
            let outcome = try commands.run(words)
            #expect(outcome.status != 0 && outcome.errors.contains(expected), "\(words): \(outcome.errors)")
        }
        try commands.write([], to: "runs")
        #expect(try commands.run("photos", "--time", "1s").status != 0)
    }

    @Test("a folder that holds a run is not measured for another")
    func takenFolder() throws {
        try FileManager.default.createDirectory(
            atPath: commands.folder + "/taken", withIntermediateDirectories: true)
        try commands.write(Array("model: lenet\n".utf8), to: "taken/config.yaml")
        let outcome = try commands.run("photos", "--output", "taken")
        #expect(outcome.status == 1 && outcome.errors.contains("taken already holds a run"), "\(outcome.errors)")
        #expect(!outcome.output.contains("Measuring"))
    }

    @Test("only a first word that has a slash or is there, and is no command, is a path")
    func words() {
        #expect(AutoCommand.expanding(["./x", "--time", "1s"]) == ["auto", "./x", "--time", "1s"])
        #expect(AutoCommand.expanding(["/"]) == ["auto", "/"])
        for words in [[], ["--model", "a/b"], ["train", "./x"], ["evaluate"], ["nothing-there"], ["help", "./x"]] {
            #expect(AutoCommand.expanding(words) == words)
        }
    }

    @Test("a run that is at its end goes on for more epochs, and one that is not goes to its end")
    func moreEpochs() throws {
        let begun = try commands.run(
            "--model", "lenet_bn", "--data", "photos", "--image-size", "32", "--batch-size", "16", "--epochs", "2",
            "--output", "run")
        #expect(begun.status == 0, "\(begun.errors)")
        let longer = try commands.run("--resume", "--output", "run", "--more-epochs", "3")
        #expect(longer.status == 0, "\(longer.errors)")
        #expect(try text("run/config.yaml").contains("\nepochs: 5\n"))
        let again = try commands.run("--resume", "--output", "run", "--epochs", "9", "--steps", "17")
        #expect(again.status != 0)
        let alone = try commands.run("--model", "lenet", "--more-epochs", "3")
        #expect(alone.status != 0 && alone.errors.contains("--more-epochs is for a run that goes on"))
    }
}
