import Foundation
import Testing

@testable import Training

@Suite struct RunFolderTests {
    @Test("an empty folder that the user names is taken as it is")
    func empty() throws {
        let folder = try TemporaryFolder()
        #expect(try RunFolder.new(asked: folder.path, model: "m", data: "d").path == folder.path)
    }

    @Test(
        "a folder with a run in it is refused for a new one",
        arguments: ["metrics.jsonl", "config.yaml", "checkpoints"])
    func taken(name: String) throws {
        let folder = try TemporaryFolder()
        try "".write(toFile: folder.path + "/" + name, atomically: true, encoding: .utf8)
        #expect(throws: TrainingError.outputTaken(path: folder.path)) {
            try RunFolder.new(asked: folder.path, model: "m", data: "d")
        }
        #expect(try RunFolder.existing(asked: folder.path, model: "m", data: "d").path == folder.path)
    }

    @Test("a folder without a run has nothing to resume")
    func nothing() throws {
        let folder = try TemporaryFolder()
        #expect(throws: TrainingError.nothingToResume(path: folder.path)) {
            try RunFolder.existing(asked: folder.path, model: "m", data: "d")
        }
    }

    @Test("a run begins by writing its recipe, folders included")
    func begin() throws {
        let folder = try TemporaryFolder()
        let run = RunFolder(path: folder.path + "/a/b")
        try run.begin(recipe: "model: m\n")
        #expect(try String(contentsOfFile: run.recipe, encoding: .utf8) == "model: m\n")
        #expect(run.holdsRun)
    }

    @Test("a folder that cannot be made is an error that names it")
    func unwritable() throws {
        let folder = try TemporaryFolder()
        try "".write(toFile: folder.path + "/file", atomically: true, encoding: .utf8)
        #expect(throws: TrainingError.self) { try RunFolder(path: folder.path + "/file/run").begin(recipe: "") }
    }
}
