import Foundation

/// Where a run speaks to people: standard output of rank 0. Lines come whole, at once, and never move the cursor:
/// under mpirun a terminal cannot be told from a file.
package struct Console: Sendable {
    /// Whether anything is said at all.
    package let isQuiet: Bool

    package init(isQuiet: Bool) {
        self.isQuiet = isQuiet
    }

    package func say(_ line: String = "") {
        guard !isQuiet else { return }
        // A closed pipe must not end the training.
        try? FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
    }
}
