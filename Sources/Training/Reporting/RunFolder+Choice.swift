import Checkpoints
import Files
package import Runs

extension RunFolder {
    /// The file with the recipe that was chosen for the run, and a reason for each value.
    package var choice: String { path + "/recipe.yaml" }

    /// Writes the recipe that was chosen, and makes the folder where it is missing.
    ///
    /// - Throws: `RunError.cannotWrite`
    package func write(choice yaml: String) throws(RunError) {
        try RunError.writing(path) { try makeFolders(path) }
        try RunError.writing(choice) { try writeFile(yaml, to: choice) }
    }
}
