package import Collectives
import Graphs
package import Recipes
import Tensors
import Terminal

extension RecipeChoice {
    /// The share of a run's time that measuring may take, and the timed steps of a measurement, which follow an
    /// engine's first one.
    private static let shareOfTime = 0.1
    private static let timedSteps = 2
    /// The factor by which a network may be faster than its work suggests, for the decision whether to measure it.
    private static let optimism = 1.5
    /// The default seconds of a run.
    package static let usualSeconds = 600.0

    /// Inspects a dataset, measures networks on this machine, and chooses a recipe. Rank 0 decides; all ranks take the
    /// steps. Collective.
    ///
    /// - Parameters:
    ///   - data: the dataset, in the form of `--data`.
    ///   - asked: the values that the user gives.
    /// - Returns: the choice on rank 0; nil on the others.
    /// - Throws: `SharedFailure` where the data cannot be opened, or not even the first network fits.
    package static func made(
        for data: String, asked: RecipeOverrides, in world: any Communicator, console: Console
    ) throws -> RecipeChoice? {
        let start = monotonicSeconds()
        let seconds = asked.time ?? usualSeconds
        let threads = ThreadChoice.here(asked: asked.threads, localRanks: world.localSize).threads * world.size
        let found = try together(world) { () throws -> Found? in
            guard world.rank == 0 else { return nil }
            let facts = try DataFacts(of: data, threads: threads)
            return Found(facts: facts, table: try NetworkCandidate.table(for: facts, asked: asked))
        }
        if let found {
            console.say(found.facts.words)
            console.say("Measuring this machine for a run of \(Wording.duration(seconds: seconds))")
        }
        var measured = Measured(found, seconds: seconds)
        while true {
            let next = measured.next(after: monotonicSeconds() - start, mostSeconds: shareOfTime * seconds)
            let model = try world.broadcast(next?.model ?? "")
            guard !model.isEmpty else { break }
            let size = try world.broadcast(next?.imageSize ?? 0)
            let batch = try world.broadcast(next.map { measured.batchSize(of: $0, asked) } ?? 0)
            do {
                measured.add(try speed(model, imageSize: size, batchSize: batch, asked, world))
            } catch let failure as SharedFailure {
                // All ranks know of the failure. If no network fits, the user must hear of it.
                guard try world.broadcast(measured.speeds.isEmpty ? 0 : 1) == 1 else { throw failure }
                break
            }
        }
        return found.map {
            RecipeChoice(
                for: $0.facts, seconds: max(seconds - (monotonicSeconds() - start), 1), table: $0.table,
                speeds: measured.speeds, asked: asked)
        }
    }

    /// Returns the images a second of training steps. Collective.
    private static func speed(
        _ model: String, imageSize: Int, batchSize: Int, _ asked: RecipeOverrides, _ world: any Communicator
    ) throws -> Double {
        let run = try BenchmarkRun(
            model: ModelChoice(model, options: asked.modelOptions ?? [:]), batchSize: batchSize, imageSize: imageSize,
            threads: asked.threads, instructionSet: asked.instructionSet ?? Recipe.Default.instructionSet,
            convolution: asked.convolution ?? Recipe.Default.convolution, passes: Set(GraphPass.allCases),
            communication: Communication(), world: world)
        var seconds = Double.infinity
        for _ in 0..<timedSteps { seconds = min(seconds, try run.secondsOfStep()) }
        return Double(batchSize) / max(seconds, 1e-9)
    }

    /// The dataset's facts and the table of networks, known to rank 0 before it measures.
    private struct Found {
        let facts: DataFacts
        let table: [NetworkCandidate]
    }

    /// The speeds measured so far, and the network to measure next. Used on rank 0; elsewhere it is empty.
    private struct Measured {
        private let found: Found?
        private let budget: PictureBudget?
        private(set) var speeds: Speeds = [:]
        private var current: NetworkCandidate?

        init(_ found: Found?, seconds: Double) {
            self.found = found
            budget = found.map { PictureBudget($0.facts, seconds: seconds) }
        }

        func batchSize(of row: NetworkCandidate, _ asked: RecipeOverrides) -> Int {
            found.map { RecipeChoice.batchSize($0.facts, row, asked) } ?? 0
        }

        /// Returns the next row, if there may be time for its network.
        mutating func next(after elapsed: Double, mostSeconds: Double) -> NetworkCandidate? {
            guard let found, let budget, speeds.count < found.table.count else { return nil }
            let row = found.table[speeds.count]
            defer { current = row }
            guard let current, let speed = speeds[current] else { return row }
            guard elapsed < mostSeconds, let before = current.multiplyAdds, let work = row.multiplyAdds else {
                return nil
            }
            let hoped = RecipeChoice.optimism * speed * Double(before) / Double(max(work, 1))
            return budget.isEnough(for: row, at: hoped) ? row : nil
        }

        mutating func add(_ speed: Double) {
            if let current { speeds[current] = speed }
        }
    }
}
