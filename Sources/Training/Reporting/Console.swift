package import Recipes
import Synchronization
package import Terminal

/// The console of a run: standard output and standard error of rank 0. Lines come whole, at once, and never move the
/// cursor; a bar below them does where a person looks on. A stream that takes no more lines ends no run.
package struct Console: Sendable {
    /// Whether anything is said at all.
    package let isQuiet: Bool

    /// Whether people know that they do not see all lines.
    private static let isLossReported = Atomic(false)

    /// Shows how far a run is; nil where nobody would see it, or lines do.
    package let bar: ProgressBar?
    /// Whether there is a line for each interval of training.
    let saysIntervals: Bool

    /// - Parameter progress: how it shows how far a run is.
    package init(isQuiet: Bool, progress: Recipe.ProgressDisplay = .plain) {
        self.isQuiet = isQuiet
        let wantsBar = progress == .bar || progress == .auto && !Launcher.isPresent
        bar = wantsBar && !isQuiet ? ProgressBar() : nil
        // A file has all lines, whatever a person sees meanwhile.
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

    /// Says on standard error what people should do something about.
    package func warn(_ text: String) {
        guard !isQuiet else { return }
        try? StandardStream.error.write("cnn-train: warning: \(text.visible)\n")
    }
}
