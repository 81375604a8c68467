import Collectives
import Machine
import Runs
import Terminal

/// The facts for people at a run's end besides its results: its best epoch, the uses of its time and memory, and what
/// would make it faster.
struct RunEnding {
    let best: MetricsFile.Evaluated?
    let time: TimeSplit
    /// The peak memory of rank 0 in bytes; nil where not known.
    let peakMemory: Int?
    let ranks: Int

    /// The share of a run's time below which a part is not mentioned.
    private static let leastShare = 0.005
    /// The gain in speed below which it is not mentioned.
    private static let leastGain = 0.01

    /// The facts, each with a label.
    var facts: [(label: String, text: String)] {
        var facts: [(String, String)] = []
        if let best {
            facts.append(("best", "epoch \(best.epoch), test accuracy \(percent(best.accuracy, places: 2))"))
        }
        facts.append(("time", shares))
        if let peakMemory {
            facts.append(("memory", "at most \(Wording.bytes(peakMemory))" + (ranks > 1 ? " on rank 0" : "")))
        }
        return facts + gains.map { ("gain", $0) }
    }

    private var shares: String {
        let total = max(time.total, 1e-9)
        let parts = TimeSplit.Part.allCases.filter { time[$0] / total >= Self.leastShare }
        return parts.map { "\($0.rawValue) \(percent(time[$0] / total, places: 0))" }.joined(separator: ", ")
    }

    private var gains: [String] {
        let remedies: [(TimeSplit.Part, String)] = [
            (.data, "without waiting for images"), (.communication, "without waiting for other ranks"),
        ]
        return remedies.compactMap { part, words in
            let gain = time.gain(without: part)
            return gain >= Self.leastGain ? "\(words): \(percent(gain, places: 0)) faster" : nil
        }
    }

    private func percent(_ share: Double, places: Int) -> String { Wording.fixed(share * 100, places) + "%" }
}

extension Trainer {
    /// Notes an evaluation if it is the best so far; of equals the first.
    func note(_ evaluation: Evaluation) {
        let evaluated = MetricsFile.Evaluated(
            epoch: sizes.epochNumber(ofStep: step), accuracy: evaluation.accuracy)
        if best.map({ evaluated.accuracy > $0.accuracy }) ?? true { best = evaluated }
    }

    /// The facts at the run's end as rank 0 knows them.
    var ending: RunEnding {
        RunEnding(best: best, time: timeAccount.split, peakMemory: PeakMemory.bytes, ranks: world.size)
    }
}
