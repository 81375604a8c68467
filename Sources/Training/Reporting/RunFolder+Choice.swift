import Checkpoints
import Files
package import Runs
import Terminal

extension RunFolder {
    /// The file with the recipe that was chosen for the run, and a reason for each value.
    package var choice: String { path + "/recipe.yaml" }

    /// Writes the recipe that was chosen, and makes the folder where it is missing.
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
}
