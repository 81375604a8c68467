import Foundation
import Machine
import Synchronization
import Tensors

/// A rank's thread that sees to it that nobody waits for ever.
///
/// It looks at the flight recorder a few times a second. When a collective has gone on for longer than it may, the watchdogs of all ranks
/// tell each other where theirs have got to, all write down their last collectives, and the lowest rank that waits in it says which ranks did
/// not arrive. They talk over messages of their own, on all hosts, so that it does not matter what hangs; a rank that does not answer
/// is named as one that does not answer. Time for which this process was stopped does not count.
package final class Watchdog: Sendable {
    private let post: any Post
    private let recorder: FlightRecorder
    private let onTimeout: @Sendable (CollectiveError) -> Void
    private let isEnding = Atomic(false)
    private let hasEnded = DispatchSemaphore(value: 0)

    /// Seconds between two looks.
    private static let tick = 0.1
    /// Seconds in which another watchdog answers, if it ever does.
    private static let answerTime = 2.0
    /// Seconds that a lower rank has to end the job: on a busy machine it takes mpirun some.
    private static let courtesy = 10.0

    /// Starts the thread.
    ///
    /// - Parameter onTimeout: told once, on that thread.
    /// - Throws: `ThreadError.refused`
    init(
        post: any Post, recorder: FlightRecorder, onTimeout: @escaping @Sendable (CollectiveError) -> Void
    ) throws(ThreadError) {
        self.post = post
        self.recorder = recorder
        self.onTimeout = onTimeout
        try SystemThread.start("watchdog") { [self] in
            watch()
            hasEnded.signal()
        }
    }

    /// Ends the thread, and returns when it has ended.
    func stop() {
        isEnding.store(true, ordering: .relaxed)
        hasEnded.wait()
    }

    private func watch() {
        var patience = [Patience](repeating: Patience(), count: FlightRecorder.Line.allCases.count)
        var last = monotonicSeconds()
        // No lower rank has waited too long: it is for this one to speak.
        var isLowest = true
        while !isEnding.load(ordering: .relaxed) {
            Thread.sleep(forTimeInterval: Self.tick)
            let now = monotonicSeconds()
            // A process that was stopped finds its clock far ahead.
            let passed = min(now - last, 5 * Self.tick)
            last = now
            do throws(CollectiveError) {
                while let (sender, report) = try nextReport() {
                    guard case .request = report else { continue }
                    isLowest = isLowest && sender > post.rank
                    try answer(to: sender)
                }
                for entry in recorder.open where patience[entry.line.rawValue].isOver(entry, passed: passed) {
                    let error = try timeout(of: entry, isLowest: isLowest)
                    // Whoever ends the thread meanwhile waits for nobody any more.
                    if !isEnding.load(ordering: .relaxed) { onTimeout(error) }
                    return
                }
            } catch {
                // MPI itself fails: whoever waits for it will say so, too.
                return onTimeout(error)
            }
        }
    }

    /// How long a line has waited.
    private struct Patience {
        private var sequence = 0
        private var waited = 0.0

        mutating func isOver(_ entry: FlightRecorder.Entry, passed: Double) -> Bool {
            waited = entry.sequence == sequence ? waited + passed : 0
            sequence = entry.sequence
            return waited > entry.patience
        }
    }

    private func nextReport() throws(CollectiveError) -> (sender: Int, report: RankReport)? {
        guard let (sender, bytes) = try post.next(), let report = RankReport(bytes: bytes) else { return nil }
        return (sender, report)
    }

    private func answer(to sender: Int) throws(CollectiveError) {
        recorder.writeFile(rank: post.rank, size: post.size)
        try post.send(RankReport.answer(recorder.snapshot).bytes, to: sender)
    }

    /// Asks all others, and makes an error of what they say.
    ///
    /// - Parameter isLowest: whether no lower rank has asked before.
    private func timeout(
        of entry: FlightRecorder.Entry, isLowest: Bool
    ) throws(CollectiveError) -> CollectiveError {
        var isLowest = isLowest
        recorder.writeFile(rank: post.rank, size: post.size)
        let own = recorder.snapshot
        for rank in 0..<post.size where rank != post.rank { try post.send(RankReport.request(own).bytes, to: rank) }
        var known = [post.rank: own]
        var deadline = monotonicSeconds() + Self.answerTime + (isLowest ? 0 : Self.courtesy)
        while monotonicSeconds() < deadline, isLowest ? known.count < post.size : true,
            !isEnding.load(ordering: .relaxed)
        {
            guard let (sender, report) = try nextReport() else {
                Thread.sleep(forTimeInterval: Self.tick / 10)
                continue
            }
            let isWaiting: Bool
            switch report {
            case .request(let snapshot):
                known[sender] = snapshot
                try post.send(RankReport.answer(recorder.snapshot).bytes, to: sender)
                isWaiting = true
            case .answer(let snapshot):
                known[sender] = snapshot
                isWaiting = snapshot.hasArrived(at: entry)
            }
            // Its patience has ended or is about to: it speaks, unless it cannot.
            if isWaiting, sender < post.rank, isLowest {
                isLowest = false
                deadline += Self.courtesy
            }
        }
        return .timedOut(timeout(of: entry, known))
    }

    private func timeout(of entry: FlightRecorder.Entry, _ known: [Int: Snapshot]) -> CollectiveTimeout {
        let others = (0..<post.size).filter { $0 != post.rank }
        return CollectiveTimeout(
            collective: "\(entry.operation.rawValue) \"\(entry.name)\" in \(entry.phase)", seconds: entry.patience,
            ranks: post.size,
            late: others.compactMap { rank in
                guard let snapshot = known[rank], !snapshot.hasArrived(at: entry) else { return nil }
                return CollectiveTimeout.Late(rank: rank, phase: snapshot.phase, seconds: snapshot.phaseSeconds)
            },
            silent: others.filter { known[$0] == nil }, folder: recorder.folder)
    }
}

extension Snapshot {
    /// Whether the rank has begun the collective that another is in.
    fileprivate func hasArrived(at entry: FlightRecorder.Entry) -> Bool {
        progress[entry.line.rawValue].begun >= entry.sequence
    }
}

/// Ranks waited for others in vain.
package struct CollectiveTimeout: Equatable, Sendable, CustomStringConvertible {
    /// A rank that has not come to the collective.
    package struct Late: Equatable, Sendable {
        package let rank: Int
        /// What it does instead, and for how long.
        package let phase: String
        package let seconds: Double
    }

    /// Which, and when.
    package let collective: String
    /// That were allowed.
    package let seconds: Double
    package let ranks: Int
    package let late: [Late]
    /// Ranks that do not even answer.
    package let silent: [Int]
    /// Where all ranks have written what they did last.
    package let folder: String?

    package var description: String {
        var sentences = ["waited more than \(whole(seconds)) s in the \(collective)"]
        for rank in silent {
            sentences.append("rank \(rank)/\(ranks) does not answer: it is stopped, or its machine cannot be reached")
        }
        for late in late {
            sentences.append(
                "rank \(late.rank)/\(ranks) has not arrived: it has been in the \(late.phase) for \(whole(late.seconds)) s"
            )
        }
        if late.isEmpty && silent.isEmpty {
            sentences.append("all ranks have arrived, but their messages have not: see to the network")
        }
        if let folder {
            sentences.append("what each rank did last is in \(folder)/flight-recorder.rank-N.json")
        }
        sentences.append("where nothing is wrong, raise --collective-timeout")
        return sentences.joined(separator: "; ")
    }

    private func whole(_ seconds: Double) -> String { "\(Int(seconds.rounded()))" }
}
