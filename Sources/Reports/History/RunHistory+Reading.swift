import Files
import Foundation
import Recipes
package import Runs
import Terminal

extension RunHistory {
    /// Reads a run's folder. A file that is missing, torn or damaged leaves out its part of the history.
    ///
    /// - Parameter isRunning: whether this process is the run; nil to decide by the folder's lock.
    /// - Throws: `ReportError.noRun` where there is neither a recipe nor a metric.
    package init(folder: RunFolder, isRunning: Bool? = nil) throws(ReportError) {
        guard fileExists(folder.metrics) || fileExists(folder.recipe) else {
            throw .noRun(path: folder.path)
        }
        self.init(of: folder)
        readMetrics()
        readRecipe()
        detail = decoded(EvaluationDetail.self, folder.evaluation)
        facts = decoded(RunFacts.self, folder.facts)
        readEvents()
        readBadSamples()
        if parametersSHA256 != nil {
            state = .finished
        } else if isRunning ?? (RunLock.writer(of: folder) != nil) {
            state = .running
        }
    }

    /// Bytes of a file that a page is made of at most.
    private static let most = 1 << 28

    private mutating func bytes(_ path: String, limit: Int = most) -> [UInt8]? {
        guard fileExists(path) else { return nil }
        do throws(FileError) {
            return try readFile(path, limit: limit)
        } catch {
            notes.append("\(splitPath(path).name) is left out: \(error.reason)")
            return nil
        }
    }

    private mutating func decoded<Value: Decodable>(_ type: Value.Type, _ path: String) -> Value? {
        guard let bytes = bytes(path) else { return nil }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let value = try? decoder.decode(type, from: Data(bytes)) else {
            notes.append("\(splitPath(path).name) is left out: it is not what this version of cnn-train writes")
            return nil
        }
        return value
    }

    private mutating func readRecipe() {
        guard let bytes = bytes(folder.recipe, limit: 1 << 24) else { return }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let values = try? RecipeOverrides(yaml: text, path: folder.recipe) else {
            notes.append("config.yaml is left out: it is no recipe that this version of cnn-train reads")
            return
        }
        recipe = RecipeKey.all.compactMap { key in key.print(values).map { Setting(key: key.name, value: $0) } }
    }

    private mutating func readBadSamples() {
        guard let bytes = bytes(folder.badSamples) else { return }
        badSamples = String(pathBytes: bytes).split(separator: "\n").dropFirst().map { line in
            let cells = line.split(separator: "\t", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
            let cell = { (index: Int) in cells.indices.contains(index) ? cells[index] : "" }
            return BadSampleLine(split: cell(0), index: cell(1), path: cell(2), reason: cell(3))
        }
    }

    private mutating func readEvents() {
        guard let bytes = bytes(folder.events) else { return }
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            // The last line of a file that is being written may be torn.
            guard let (time, event) = SupervisorEvent.read(line) else { continue }
            events.append(Event(time: time, step: event.savedStep, words: event.words))
        }
    }
}
