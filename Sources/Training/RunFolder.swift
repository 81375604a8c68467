import Checkpoints
import Foundation
package import Recipes
import Terminal

/// Where a run keeps what it makes. Only rank 0 looks at it.
package struct RunFolder: Hashable, Sendable {
    package let path: String

    package init(path: String) {
        self.path = path
    }

    package var metrics: String { path + "/metrics.jsonl" }
    package var recipe: String { path + "/config.yaml" }
    package var checkpoints: String { path + "/checkpoints" }
    /// Says which process writes here, while one does.
    var lock: String { path + "/run.lock" }

    static func path(ofLock path: String) -> String { String(path.dropLast("/run.lock".count)) }

    /// Whether a run has been here.
    package var holdsRun: Bool {
        [metrics, recipe, checkpoints].contains { FileManager.default.fileExists(atPath: $0) }
    }

    /// Whether there is a state of a run here to go on from, be it readable or not.
    package var holdsCheckpoints: Bool {
        ((try? CheckpointDirectory(path: checkpoints).entries()) ?? []).isEmpty == false
    }

    /// The folder for a new run: the one the user names, else `runs/MODEL-DATA`, with a number where that is taken.
    package static func new(asked: String?, model: String, data: String) -> RunFolder {
        if let asked { return RunFolder(path: asked) }
        var folder = numbered(1, model: model, data: data)
        var number = 1
        while folder.holdsRun {
            number += 1
            folder = numbered(number, model: model, data: data)
        }
        return folder
    }

    /// The folder of the run to resume: the one the user names, else the latest that `new` chose for this model and data.
    package static func existing(asked: String?, model: String, data: String) -> RunFolder {
        if let asked { return RunFolder(path: asked) }
        var folder = numbered(1, model: model, data: data)
        var number = 2
        while case let next = numbered(number, model: model, data: data), next.holdsRun {
            folder = next
            number += 1
        }
        return folder
    }

    /// The folder of the run that a checkpoint's file, a folder of checkpoints, or the run's own folder belongs to; nil where
    /// checkpoints lie by themselves.
    package static func owning(_ path: String) -> RunFolder? {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        let url = URL(filePath: path).standardizedFileURL
        if exists, isFolder.boolValue, RunFolder(path: path).holdsRun { return RunFolder(path: path) }
        let folder = exists && isFolder.boolValue ? url : url.deletingLastPathComponent()
        guard folder.lastPathComponent == "checkpoints" else { return nil }
        return RunFolder(path: folder.deletingLastPathComponent().path)
    }

    /// What the run to resume was made with, as its folder or else its checkpoint says; nil where nothing is there yet.
    ///
    /// - Parameter output: what the user says of the folder for results.
    package static func recipe(toResume resume: Recipe.Resume, output: String?) throws -> RecipeOverrides? {
        switch resume {
        case .none: return nil
        case .auto:
            guard let file = output.map({ RunFolder(path: $0).recipe }), FileManager.default.fileExists(atPath: file)
            else { return nil }
            return try RecipeOverrides(contentsOf: file)
        case .from(let path):
            let file = owning(path)?.recipe
            var earlier: RecipeOverrides
            if let file, FileManager.default.fileExists(atPath: file) {
                earlier = try RecipeOverrides(contentsOf: file)
            } else {
                earlier = try RecipeOverrides(
                    yaml: CheckpointDirectory.load(path).about.recipe, path: "\(path): recipe")
            }
            // Where results go follows from where the checkpoint lies now.
            earlier.output = nil
            return earlier
        }
    }

    /// Whether both are the same folder, whatever way leads there.
    package func isSame(as other: RunFolder) -> Bool {
        func place(_ folder: RunFolder) -> String {
            URL(filePath: folder.path).standardizedFileURL.resolvingSymlinksInPath().path
        }
        return place(self) == place(other)
    }

    private static func numbered(_ number: Int, model: String, data: String) -> RunFolder {
        // `fashion-mnist:/data` is called after what it is, not after where it is.
        let dataset = data.split(separator: ":").first.map(String.init) ?? data
        return RunFolder(path: "runs/\(model)-\(dataset)" + (number == 1 ? "" : "-\(number)"))
    }

    /// Creates the folder and writes the resolved recipe into it.
    package func begin(recipe yaml: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try yaml.write(toFile: recipe, atomically: true, encoding: .utf8)
        } catch {
            throw TrainingError.cannotWrite(path: path, reason: error.reason)
        }
    }
}
