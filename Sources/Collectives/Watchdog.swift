import Foundation
import Machine
import Synchronization
import Tensors

/// The thread that ends a job whose ranks would wait for ever.
///
/// It looks at the flight recorder a few times a second. Shortly before a collective exceeds its limit, the watchdog
/// asks those of all ranks for their state. If all answer and one is in a phase that may take long, the longer limit
/// holds. Otherwise all ranks write their last collectives to files, and the lowest rank that waits in the collective
/// reports which ranks have not arrived or do not answer. With heartbeats, rank 0 and each other rank also tell each
/// other that they are alive (`Heartbeat`). All messages go over the control channel, whatever hangs elsewhere. Time
/// for which this process was stopped does not count.
package final class Watchdog: Sendable {
    private let control: any ControlChannel
    private let recorder: FlightRecorder
    private let onTimeout: @Sendable (CollectiveError) -> Void
    private let isEnding = Atomic(false)
    private let hasEnded = DispatchSemaphore(value: 0)

    /// Seconds between two looks.
    private static let tick = 0.1
    /// The seconds between two looks above which this process must have been stopped or have hardly run.
    private static let longestTick = 5 * tick
    /// The seconds within which another watchdog answers, if at all; half of the collective's limit where that is less.
    private static let answerTime = 2.0
    /// The seconds that other ranks have to write their records before the job ends.
    private static let farewell = 0.4
    /// The seconds that a lower rank has to end the job: on a busy machine mpirun takes several.
    private static let courtesy = 10.0

    /// Starts the thread.
    ///
    /// - Parameter onTimeout: called once, on that thread.
    /// - Throws: `ThreadError.refused`
    init(
        control: any ControlChannel, recorder: FlightRecorder, onTimeout: @escaping @Sendable (CollectiveError) -> Void
    ) throws(ThreadError) {
        self.control = control
        self.recorder = recorder
        self.onTimeout = onTimeout
        try SystemThread.start("watchdog") { [self] in
            watch()
            hasEnded.signal()
        }
    }

    /// Ends the thread, and returns when it has ended. May be called again.
    func stop() {
        isEnding.store(true, ordering: .relaxed)
        hasEnded.wait()
        hasEnded.signal()
    }

    private func watch() {
        var state = State(heartbeat: Heartbeat(rank: control.rank, size: control.size))
        var last = monotonicSeconds()
        while !isEnding.load(ordering: .relaxed) {
            Thread.sleep(forTimeInterval: Self.tick)
            let now = monotonicSeconds()
            let passed = now - last
            last = now
            do throws(CollectiveError) {
                state.awake += min(passed, Self.longestTick)
                // Answers to an earlier question may date from before this process was stopped.
                if passed > Self.longestTick { state.round = nil }
                try readReports(&state)
                guard let error = try complaint(&state, passed: min(passed, Self.longestTick)) else { continue }
                guard state.awake >= state.silentUntil, try sayFarewell(&state) else { continue }
                // A rank that is stopping its watchdog no longer waits for others.
                if !isEnding.load(ordering: .relaxed) { onTimeout(error) }
                return
            } catch {
                // MPI itself fails: the threads that wait for it will report that too.
                return onTimeout(error)
            }
        }
    }

    /// The state of the thread. Times are seconds for which the process was awake.
    private struct State {
        var awake = 0.0
        var waits = [Wait](repeating: Wait(), count: FlightRecorder.Line.allCases.count)
        /// The answers that are being gathered; nil while no question is open.
        var round: Round?
        var heartbeat: Heartbeat
        /// The time of each rank's last request.
        var asked: [Int: Double] = [:]
        /// The time until which a lower rank may end the job. If it has not by then, it cannot.
        var silentUntil = 0.0
    }

    /// The wait of one communicator in its current collective.
    private struct Wait {
        private var sequence = 0
        private(set) var seconds = 0.0
        /// The waited seconds after which the wait is judged.
        var judgement = 0.0
        /// The time until which lower ranks that wait too may report; nil where there are none, or before the
        /// judgement.
        var silentUntil: Double?

        mutating func add(_ passed: Double, of entry: FlightRecorder.Entry) {
            if entry.sequence != sequence {
                sequence = entry.sequence
                seconds = 0
                judgement = entry.patience.usual
                silentUntil = nil
            } else {
                seconds += passed
            }
        }
    }

    /// A question to all other ranks, and the answers so far.
    private struct Round {
        let start: Double
        var known: [Int: Snapshot] = [:]
    }

    private static func answerTime(_ entry: FlightRecorder.Entry) -> Double {
        min(answerTime, 0.5 * entry.patience.usual)
    }

    // MARK: Messages

    private func readReports(_ state: inout State) throws(CollectiveError) {
        while let (sender, bytes) = try control.next() {
            guard let report = RankReport(bytes: bytes) else { continue }
            switch report {
            case .request(let snapshot):
                state.round?.known[sender] = snapshot
                state.asked[sender] = state.awake
                try control.send(RankReport.answer(recorder.snapshot).bytes, to: sender)
            case .answer(let snapshot):
                state.round?.known[sender] = snapshot
            case .farewell:
                if sender < control.rank { state.silentUntil = state.awake + Self.courtesy }
                recorder.writeFile(rank: control.rank, size: control.size)
                try control.send(RankReport.answer(recorder.snapshot).bytes, to: sender)
            case .beat(let host):
                state.heartbeat.heard(sender, host: host, at: state.awake)
            }
        }
    }

    private func ask(_ state: inout State) throws(CollectiveError) {
        state.round = Round(start: state.awake)
        for rank in 0..<control.size where rank != control.rank {
            try control.send(RankReport.request(recorder.snapshot).bytes, to: rank)
        }
    }

    /// Has all ranks write their records. Waits at most `farewell` seconds for those that answered the last question
    /// or, without one, for all that are not silent.
    ///
    /// - Returns: false where a lower rank is doing the same.
    private func sayFarewell(_ state: inout State) throws(CollectiveError) -> Bool {
        recorder.writeFile(rank: control.rank, size: control.size)
        for rank in 0..<control.size where rank != control.rank {
            try control.send(RankReport.farewell(recorder.snapshot).bytes, to: rank)
        }
        let expected = state.round?.known.count ?? control.size - 1 - state.heartbeat.silentRanks
        state.round = Round(start: state.awake)
        let deadline = monotonicSeconds() + Self.farewell
        while monotonicSeconds() < deadline, state.round?.known.count ?? 0 < expected,
            !isEnding.load(ordering: .relaxed)
        {
            Thread.sleep(forTimeInterval: Self.tick / 10)
            try readReports(&state)
        }
        return state.awake >= state.silentUntil
    }

    // MARK: Judgements

    /// Returns the error for which the job is to end; nil where it goes on.
    private func complaint(_ state: inout State, passed: Double) throws(CollectiveError) -> CollectiveError? {
        let (silent, isDue) = state.heartbeat.look(
            at: state.awake, every: recorder.heartbeat, haveAllBegun: recorder.doAllBeat)
        if isDue {
            let beat = RankReport.beat(host: ProcessInfo.processInfo.hostName).bytes
            for rank in state.heartbeat.listeners { try control.send(beat, to: rank) }
        }
        if let silent {
            // Whether other ranks miss this one too is not known.
            state.round = nil
            return silent
        }
        let open = recorder.open
        for entry in open { state.waits[entry.line.rawValue].add(passed, of: entry) }
        let asking = open.filter { entry in
            let wait = state.waits[entry.line.rawValue]
            return wait.seconds >= wait.judgement - Self.answerTime(entry)
        }
        guard !asking.isEmpty else {
            state.round = nil
            return nil
        }
        guard let round = state.round else {
            try ask(&state)
            return nil
        }
        let age = state.awake - round.start
        for entry in asking {
            let wait = state.waits[entry.line.rawValue]
            let time = Self.answerTime(entry)
            guard wait.seconds >= wait.judgement, round.known.count == control.size - 1 || age >= time else { continue }
            guard age <= 2 * time else {
                // The question was asked for another collective.
                try ask(&state)
                return nil
            }
            if let error = judge(entry, waited: wait.seconds, round.known) {
                let isFirst = maySpeak(entry, round.known, &state)
                return isFirst ? error : nil
            }
            // A rank may be stopped right after it has answered.
            state.waits[entry.line.rawValue].judgement = wait.seconds - age + entry.patience.usual
            state.round = nil
            return nil
        }
        return nil
    }

    /// Whether this rank is to report: no lower rank waits in the collective too, or the lower ranks have had their
    /// time.
    private func maySpeak(
        _ entry: FlightRecorder.Entry, _ known: [Int: Snapshot], _ state: inout State
    ) -> Bool {
        if let until = state.waits[entry.line.rawValue].silentUntil { return state.awake >= until }
        let others = known.contains { rank, snapshot in
            rank < control.rank
                && (snapshot.hasArrived(at: entry)
                    || state.asked[rank].map { state.awake - $0 <= 2 * Self.answerTime(entry) } ?? false)
        }
        guard others else { return true }
        state.waits[entry.line.rawValue].silentUntil = state.awake + Self.courtesy
        return false
    }

    /// Returns the error of a collective that has waited for `waited` seconds; nil where it may go on.
    private func judge(
        _ entry: FlightRecorder.Entry, waited: Double, _ known: [Int: Snapshot]
    ) -> CollectiveError? {
        let others = (0..<control.size).filter { $0 != control.rank }
        let silent = others.filter { known[$0] == nil }
        // A rank that has not arrived may itself be waiting for one that takes long.
        let isLong = known.values.contains { $0.mayTakeLong }
        if silent.isEmpty && isLong && waited < entry.patience.long { return nil }
        let seconds = silent.isEmpty && isLong ? entry.patience.long : entry.patience.usual
        return .timedOut(
            CollectiveTimeout(
                collective: "\(entry.operation.rawValue) \"\(entry.name)\" in \(entry.phase)", seconds: seconds,
                ranks: control.size,
                late: others.compactMap { rank in
                    guard let snapshot = known[rank], !snapshot.hasArrived(at: entry) else { return nil }
                    return CollectiveTimeout.Late(
                        rank: rank, phase: snapshot.phase, seconds: snapshot.phaseSeconds)
                }, silent: silent, folder: recorder.folder))
    }
}

extension Snapshot {
    /// Whether the rank has begun the collective of another rank's entry.
    fileprivate func hasArrived(at entry: FlightRecorder.Entry) -> Bool {
        progress[entry.line.rawValue].begun >= entry.sequence
    }
}
