import Checkpoints
import Files
import Foundation
package import Runs
import Terminal

extension RunFolder {
    /// The recipe that was chosen for the run, with a reason for each value.
    package var choice: String { path + "/recipe.yaml" }

    /// Keeps the recipe that was chosen, and makes the folder where it is missing.
    ///
    /// - Throws: `RunError.cannotWrite`
    package func write(choice yaml: String) throws(RunError) {
        do throws(FileError) {
            try makeFolders(path)
        } catch {
            throw .cannotWrite(path: path, reason: error.reason)
        }
        do throws(CheckpointError) {
            try writeFile(yaml, to: choice)
        } catch {
            throw .cannotWrite(path: choice, reason: error.reason)
        }
    }

    /// The details of the newest evaluation; nil where there are none that can be read.
    package var evaluationDetail: EvaluationDetail? {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let bytes = try? readFile(path + "/evaluation.json", limit: Self.mostBytesOfDetail) else { return nil }
        return try? decoder.decode(EvaluationDetail.self, from: Data(bytes))
    }

    private static let mostBytesOfDetail = 1 << 28
}
