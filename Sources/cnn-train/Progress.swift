import Collectives
import Datasets
import Tensors
import Terminal
import Training

/// Shows the progress of `body` to a person.
///
/// - Parameters:
///   - title: the work.
///   - unit: the things that are counted: `images`.
///   - body: is given a function to call with how many of how many are done, as often as wanted.
func showingProgress<Result>(
    _ title: String, unit: String, _ body: ((_ done: Int, _ of: Int) -> Void) throws -> Result
) rethrows -> Result {
    guard let bar = ProgressBar() else { return try body { _, _ in } }
    defer { bar.remove() }
    let start = monotonicSeconds()
    return try body { done, all in
        bar.show(figures(title, unit: unit, done: done, of: all, seconds: monotonicSeconds() - start))
    }
}

private func figures(_ title: String, unit: String, done: Int, of all: Int, seconds: Double) -> ProgressFigures {
    var figures = ProgressFigures(.init(title), done: done, of: all)
    guard done > 0, seconds > 0 else { return figures }
    let speed = Wording.significant(Double(done) / seconds)
    let left = Wording.duration(seconds: seconds * Double(all - done) / Double(done))
    figures.facts = [.init("\(left) left", short: left), .init("\(speed) \(unit)/s", short: "\(speed)/s")]
    return figures
}

/// Returns the bar of a command that ranks share: rank 0's, and none under mpirun, which relays the ranks' output.
func sharedBar(in world: any Communicator) -> ProgressBar? {
    world.rank == 0 && !Launcher.isPresent ? ProgressBar() : nil
}

/// Shows a person that files of a dataset are being listed, whenever `body` opens one.
///
/// - Parameter bar: nil for none.
func showingOpening<Result>(on bar: ProgressBar?, _ body: () throws -> Result) rethrows -> Result {
    guard let bar else { return try body() }
    return try OpeningProgress.watching(
        tell: { found in bar.show(ProgressFigures(.init("listing files", short: "files"), done: found, of: nil)) },
        end: { bar.remove() }, body)
}
