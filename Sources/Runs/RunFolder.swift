import Checkpoints
import Files
import Glibc
package import Recipes

/// The folder with a run's files. Only rank 0 uses it.
package struct RunFolder: Hashable, Sendable {
    package let path: String

    package init(path: String) {
        self.path = path
    }

    package var metrics: String { path + "/metrics.jsonl" }
    package var recipe: String { path + "/config.yaml" }
    package var checkpoints: String { path + "/checkpoints" }
    /// The details of the newest evaluation on the test split, an `EvaluationDetail`.
    package var evaluation: String { path + "/evaluation.json" }
    /// The list of samples that could not be read.
    package var badSamples: String { path + "/bad-samples.tsv" }
    /// The file that names the process that writes here, while one does.
    package var lock: String { path + "/run.lock" }
    /// The file with the run's identity, which no other run here has, had or will have.
    package var identity: String { path + "/run.id" }
    /// The log of a supervisor's events.
    package var events: String { path + "/supervisor.jsonl" }
    /// The network, the data's size and the machine, as `RunFacts`.
    package var facts: String { path + "/facts.json" }
    /// The page that shows the run to people.
    package var report: String { path + "/report.html" }
    /// The folder of TensorBoard's event files.
    package var tensorBoard: String { path + "/tensorboard" }

    /// The names of the files that users look for, as far as they exist: a recipe, or a full disk, may have left some
    /// out.
    package var results: [String] {
        [report, metrics, evaluation, recipe, checkpoints, tensorBoard].filter { fileExists($0) }.map { file in
            String(file.dropFirst(path.count + 1)) + (isFolder(file) ? "/" : "")
        }
    }

    static func path(ofLock path: String) -> String { String(path.dropLast("/run.lock".count)) }

    /// Whether the folder holds a run.
    package var holdsRun: Bool {
        [metrics, recipe, checkpoints].contains { fileExists($0) }
    }

    /// Whether the folder holds a saved state of a run, readable or not.
    package var holdsCheckpoints: Bool {
        ((try? CheckpointDirectory(path: checkpoints).entries()) ?? []).isEmpty == false
    }

    /// Returns the folder for a new run: the one that the user names, else `runs/MODEL-DATA`, with a number where that
    /// exists. The latter is made, so that runs that begin at the same time get different folders.
    ///
    /// - Throws: `RunError.cannotWrite`
    package static func new(asked: String?, model: String, data: String) throws(RunError) -> RunFolder {
        if let asked { return RunFolder(path: asked) }
        var number = 1
        do throws(FileError) {
            try makeFolders(runs)
            while try !makeNewFolder(numbered(number, model: model, data: data).path) { number += 1 }
        } catch {
            throw .cannotWrite(path: numbered(number, model: model, data: data).path, reason: error.reason)
        }
        return numbered(number, model: model, data: data)
    }

    /// Returns the folder of the run to resume: the one that the user names, else the latest that `new` chose for this
    /// model and data.
    package static func existing(asked: String?, model: String, data: String) -> RunFolder {
        if let asked { return RunFolder(path: asked) }
        var folder = numbered(1, model: model, data: data)
        var number = 2
        while case let next = numbered(number, model: model, data: data), fileExists(next.path) {
            // A run that failed at its start may have left only its folder.
            if next.holdsRun { folder = next }
            number += 1
        }
        return folder
    }

    /// Returns the folder of the run that `path` belongs to, which may be a checkpoint's file, a folder of checkpoints,
    /// or the run's own folder; nil for checkpoints outside of a run's folder.
    package static func owning(_ path: String) -> RunFolder? {
        if isFolder(path), RunFolder(path: path).holdsRun { return RunFolder(path: path) }
        guard let folder = resolvedPath(isFolder(path) ? path : splitPath(path).folder) else { return nil }
        let (parent, name) = splitPath(folder)
        return name == "checkpoints" ? RunFolder(path: parent) : nil
    }

    /// Returns the recipe of the run to resume, from its folder or, without one there, its checkpoint; nil where
    /// neither exists yet.
    ///
    /// - Parameter output: the folder for results that the user asks for.
    package static func recipe(toResume resume: Recipe.Resume, output: String?) throws -> RecipeOverrides? {
        switch resume {
        case .none: return nil
        case .auto:
            guard let file = output.map({ RunFolder(path: $0).recipe }), fileExists(file) else { return nil }
            return try RecipeOverrides(contentsOf: file)
        case .from(let path):
            let file = owning(path)?.recipe
            var earlier: RecipeOverrides
            if let file, fileExists(file) {
                earlier = try RecipeOverrides(contentsOf: file)
            } else {
                earlier = try RecipeOverrides(
                    yaml: CheckpointDirectory.load(path).about.recipe, path: "\(path): recipe")
            }
            // The results go where the checkpoint lies now.
            earlier.output = nil
            return earlier
        }
    }

    /// Whether both are the same folder, by whatever paths.
    package func isSame(as other: RunFolder) -> Bool {
        isSameFile(path, other.path)
    }

    private static let runs = "runs"

    private static func numbered(_ number: Int, model: String, data: String) -> RunFolder {
        // `fashion-mnist:/data` gives the data set's name, not its place's; a path gives its last component.
        let dataset =
            data.utf8.contains(UInt8(ascii: "/")) && !data.hasPrefix("fashion-mnist:")
            ? splitPath(data.last == "/" ? String(data.dropLast()) : data).name
            : data.split(separator: ":").first.map(String.init) ?? data
        return RunFolder(path: "\(runs)/\(model)-\(dataset)" + (number == 1 ? "" : "-\(number)"))
    }

    /// Removes the files of a run that has saved no state, so that the folder no longer holds a run.
    package func removeBeginning() {
        guard !holdsCheckpoints else { return }
        for path in [recipe, metrics, facts, evaluation, report] { _ = path.withPath { unlink($0) } }
    }

    /// Removes a supervisor's log, and then the folder if it is empty.
    package func removeEvents() {
        _ = events.withPath { unlink($0) }
        removeIfEmpty()
    }

    /// Removes the folder if it is empty.
    package func removeIfEmpty() { _ = path.withPath { rmdir($0) } }

    /// Creates the folder and writes the resolved recipe into it.
    package func begin(recipe yaml: String) throws {
        try RunError.writing(path) {
            try makeFolders(path)
            try writeFile(yaml, to: recipe)
        }
    }
}
