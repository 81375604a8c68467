import Foundation
import Testing

@testable import Runs

@Suite struct RunFolderTests {
    @Test("an empty folder that the user names is taken as it is")
    func empty() throws {
        let folder = try TemporaryFolder()
        #expect(try RunFolder.new(asked: folder.path, model: "m", data: "d").path == folder.path)
    }

    @Test(
        "a folder with a run in it is known as one",
        arguments: ["metrics.jsonl", "config.yaml", "checkpoints"])
    func taken(name: String) throws {
        let folder = try TemporaryFolder()
        try "".write(toFile: folder.path + "/" + name, atomically: true, encoding: .utf8)
        #expect(RunFolder(path: folder.path).holdsRun)
        #expect(RunFolder.existing(asked: folder.path, model: "m", data: "d").path == folder.path)
    }

    @Test("a checkpoint, its folder and the run's folder lead to the run")
    func owner() throws {
        let folder = try TemporaryFolder()
        let run = RunFolder(path: folder.path + "/run")
        try FileManager.default.createDirectory(atPath: run.checkpoints, withIntermediateDirectories: true)
        try "".write(toFile: run.checkpoints + "/a.zst", atomically: true, encoding: .utf8)
        try "".write(toFile: folder.path + "/b.zst", atomically: true, encoding: .utf8)
        for path in [run.path, run.path + "/", run.checkpoints, run.checkpoints + "/a.zst"] {
            #expect(RunFolder.owning(path)?.isSame(as: run) == true, "\(path)")
        }
        #expect(RunFolder.owning(folder.path + "/b.zst") == nil)
        #expect(RunFolder.owning(folder.path) == nil)
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
        #expect(throws: RunError.self) { try RunFolder(path: folder.path + "/file/run").begin(recipe: "") }
    }
}
