import Checkpoints
import Files
package import Runs

extension RunFolder {
    /// The recipe that was chosen for the run, with a reason for each value.
    package var choice: String { path + "/recipe.yaml" }

    /// Keeps the recipe that was chosen, and makes the folder where it is missing.
    ///
    /// - Throws: `RunError.cannotWrite`
    package func write(choice yaml: String) throws(RunError) {
        try RunError.writing(path) { try makeFolders(path) }
        try RunError.writing(choice) { try writeFile(yaml, to: choice) }
    }
}
