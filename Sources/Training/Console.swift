import Synchronization
import Terminal

/// Where a run speaks to people: standard output and standard error of rank 0. Lines come whole, at once, and never move the cursor:
/// under mpirun a terminal cannot be told from a file. A stream that takes no more lines ends no run.
package struct Console: Sendable {
    /// Whether anything is said at all.
    package let isQuiet: Bool

    /// Whether people know that they do not see all lines.
    private static let isLossReported = Atomic(false)

    package init(isQuiet: Bool) {
        self.isQuiet = isQuiet
    }

    package func say(_ line: String = "") {
        guard !isQuiet else { return }
        do {
            try StandardStream.output.write(line + "\n")
        } catch {
            guard !Self.isLossReported.exchange(true, ordering: .relaxed) else { return }
            warn(
                "standard output takes no more lines: \(error). Training goes on, and metrics.jsonl in the output folder "
                    + "has what is measured")
        }
    }

    /// Says on standard error what people should do something about.
    package func warn(_ text: String) {
        guard !isQuiet else { return }
        try? StandardStream.error.write("cnn-train: warning: \(text.visible)\n")
    }
}
