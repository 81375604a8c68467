import Foundation

/// Where a run keeps what it makes. Only rank 0 looks at it.
package struct RunFolder: Hashable, Sendable {
    package let path: String

    package init(path: String) {
        self.path = path
    }

    package var metrics: String { path + "/metrics.jsonl" }
    package var recipe: String { path + "/config.yaml" }
    package var checkpoints: String { path + "/checkpoints" }

    /// Whether a run has been here.
    package var holdsRun: Bool {
        [metrics, recipe, checkpoints].contains { FileManager.default.fileExists(atPath: $0) }
    }

    /// The folder for a new run.
    ///
    /// - Parameter asked: what the user says; nil for `runs/MODEL-DATA`, with a number where that is taken.
    /// - Throws: `TrainingError.outputTaken` where the user names a folder with a run in it.
    package static func new(asked: String?, model: String, data: String) throws -> RunFolder {
        if let asked {
            let folder = RunFolder(path: asked)
            guard !folder.holdsRun else { throw TrainingError.outputTaken(path: asked) }
            return folder
        }
        var folder = numbered(1, model: model, data: data)
        var number = 1
        while folder.holdsRun {
            number += 1
            folder = numbered(number, model: model, data: data)
        }
        return folder
    }

    /// The folder of the run to resume: the one the user names, else the latest that `new` chose for this model and data.
    ///
    /// - Throws: `TrainingError.nothingToResume`
    package static func existing(asked: String?, model: String, data: String) throws -> RunFolder {
        var folder = asked.map { RunFolder(path: $0) } ?? numbered(1, model: model, data: data)
        guard folder.holdsRun else { throw TrainingError.nothingToResume(path: folder.path) }
        guard asked == nil else { return folder }
        var number = 2
        while case let next = numbered(number, model: model, data: data), next.holdsRun {
            folder = next
            number += 1
        }
        return folder
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
            throw TrainingError.cannotWrite(path: path, reason: error.localizedDescription)
        }
    }
}
