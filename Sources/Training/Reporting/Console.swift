package import Recipes
import Synchronization
package import Terminal

/// The console of a run: standard output and standard error of rank 0. Lines are written whole, at once, and never move
/// the cursor; on a terminal, a bar below them does. A stream that fails does not end the run.
package struct Console: Sendable {
    /// Whether nothing is printed at all.
    package let isQuiet: Bool

    /// Whether a warning has been printed that lines were lost.
    private static let isLossReported = Atomic(false)

    /// The bar that shows the run's progress; nil for lines only, or where no person would see it.
    package let bar: ProgressBar?
    /// Whether a line is printed for each interval of training.
    let saysIntervals: Bool

    /// - Parameter progress: the way in which progress is shown.
    package init(isQuiet: Bool, progress: Recipe.ProgressDisplay = .plain) {
        self.isQuiet = isQuiet
        let wantsBar = progress == .bar || progress == .auto && !Launcher.isPresent
        bar = wantsBar && !isQuiet ? ProgressBar() : nil
        // A file gets all lines, even where a bar is shown.
        saysIntervals = progress != .none && !(bar != nil && StandardStream.output.isTerminal)
    }

    package func say(_ line: String = "") {
        guard !isQuiet else { return }
        do {
            try StandardStream.output.write(line + "\n")
        } catch {
            guard !Self.isLossReported.exchange(true, ordering: .relaxed) else { return }
            warn(
                "standard output takes no more lines: \(error). Training goes on, and metrics.jsonl in the output "
                    + "folder has what is measured")
        }
    }

    /// Prints a warning on standard error that asks for action.
    package func warn(_ text: String) {
        guard !isQuiet else { return }
        try? StandardStream.error.write("cnn-train: warning: \(text.visible)\n")
    }
}
