import Synchronization
import Tensors

/// What a call of a communicator is for, in messages: `gradients 3`.
package struct CollectiveName: ExpressibleByStringLiteral, Sendable, CustomStringConvertible {
    private let text: StaticString
    /// Tells calls for parts of the same thing apart; below 0 where there are none.
    private let part: Int32

    package init(stringLiteral text: StaticString) {
        self.init(text, part: -1)
    }

    package init(_ text: StaticString, part: Int) {
        self.text = text
        self.part = Int32(clamping: part)
    }

    package var description: String { part < 0 ? "\(text)" : "\(text) \(part)" }
}

/// The last collectives of this rank's communicators: a watchdog watches them, and they are left to read when ranks
/// lose each other. Costs two uncontended locks a collective.
package final class FlightRecorder: Sendable {
    /// How many collectives are remembered.
    static let capacity = 64

    /// One collective, on this rank.
    struct Entry: Sendable {
        /// Counts the calls on `line`, from 1: the same call has the same number on every rank.
        let sequence: Int
        let line: Line
        let operation: Operation
        let name: CollectiveName
        let bytes: Int
        /// What the rank was doing around it.
        let phase: Phase
        /// On the clock of `monotonicSeconds`.
        let start: Double
        /// nil while it goes on.
        var end: Double?
        let patience: Patience
    }

    /// The two orders of calls that a rank has.
    package enum Line: Int, CaseIterable, Sendable {
        /// Of the thread that computes.
        case main
        /// Of the thread that sums gradients beside it.
        case side
    }

    enum Operation: String, Sendable { case sum, broadcast, gather, barrier }

    /// Seconds that a collective may take.
    struct Patience: Sendable {
        /// Where a rank that others wait for is in an ordinary phase.
        var usual: Double
        /// Where one is in a phase that may take long.
        var long: Double
    }

    /// What a rank does, and for which step of the run.
    package struct Phase: Sendable, CustomStringConvertible {
        private let what: StaticString
        private let step: Int
        /// Whether others are to wait for longer than they do for an ordinary step: a start, a checkpoint, an
        /// evaluation.
        let mayTakeLong: Bool

        /// - Parameter step: optimizer steps taken before; below 0 where there are none.
        package init(_ what: StaticString, step: Int = -1, mayTakeLong: Bool = false) {
            self.what = what
            self.step = step
            self.mayTakeLong = mayTakeLong
        }

        package var description: String { step < 0 ? "\(what)" : "\(what) of step \(step + 1)" }
    }

    /// What one line has come to.
    struct Progress: Sendable {
        /// The number of the last call that was begun; 0 where none was.
        var begun = 0
        /// Seconds within collectives since the beginning.
        var seconds = 0.0
    }

    private struct State: ~Copyable {
        var entries: [Entry] = []
        /// Where the next entry goes once there are `capacity`.
        var oldest = 0
        var progress = [Progress](repeating: Progress(), count: Line.allCases.count)
        /// What goes on, by line, and where that is among the entries.
        var open = [(entry: Entry, place: Int)?](repeating: nil, count: Line.allCases.count)
        var phase = Phase("start", mayTakeLong: true)
        var phaseStart = monotonicSeconds()
        var patience = Patience(
            usual: FlightRecorder.usualPatience, long: FlightRecorder.firstStepFactor * FlightRecorder.usualPatience)
        var heartbeat: Double?
        var doAllBeat = false
        var folder: String?

        mutating func append(_ entry: Entry) -> Int {
            guard entries.count == FlightRecorder.capacity else {
                entries.append(entry)
                return entries.count - 1
            }
            let place = oldest
            entries[place] = entry
            oldest = (oldest + 1) % FlightRecorder.capacity
            return place
        }
    }

    /// How much longer a run's start and its first step may take, which begin with ranks in different states.
    package static let firstStepFactor = 4.0

    /// Seconds that a collective may take where nothing else is said, and that phases which may take long have at
    /// least.
    package static let usualPatience = 300.0

    private let state = Mutex(State())

    package init() {}

    /// From here on the rank does `phase`.
    package func enter(_ phase: Phase) {
        state.withLock { state in
            state.phase = phase
            state.phaseStart = monotonicSeconds()
        }
    }

    /// Seconds that a collective may take which begins from now on.
    ///
    /// - Parameter factor: how many times as long those are that wait for a rank in a phase that may take long.
    package func allow(seconds: Double, factor: Double = 1) {
        let patience = Patience(usual: seconds, long: max(Self.usualPatience, factor * seconds))
        state.withLock { $0.patience = patience }
    }

    /// Seconds after which a rank that has been heard of and is not any more ends the job; nil where ranks do not
    /// listen to each other.
    package var heartbeat: Double? {
        get { state.withLock { $0.heartbeat } }
        set { state.withLock { $0.heartbeat = newValue } }
    }

    /// Whether all ranks have set `heartbeat` by now: after a collective that each came to with it.
    package var doAllBeat: Bool {
        get { state.withLock { $0.doAllBeat } }
        set { state.withLock { $0.doAllBeat = newValue } }
    }

    /// Where what is recorded goes when ranks lose each other; nothing is written before this is set.
    package var folder: String? {
        get { state.withLock { $0.folder } }
        set { state.withLock { $0.folder = newValue } }
    }

    /// Seconds that this rank has spent in collectives of a line.
    package func seconds(on line: Line) -> Double { state.withLock { $0.progress[line.rawValue].seconds } }

    /// Whether this rank is within a collective now.
    package var isInCollective: Bool { state.withLock { state in state.open.contains { $0 != nil } } }

    // MARK: What communicators tell

    /// Does `body` as a collective of `line`.
    func record<Result>(
        _ operation: Operation, _ name: CollectiveName, bytes: Int, on line: Line,
        _ body: () throws(CollectiveError) -> Result
    ) throws(CollectiveError) -> Result {
        let start = monotonicSeconds()
        state.withLock { state in
            state.progress[line.rawValue].begun += 1
            let entry = Entry(
                sequence: state.progress[line.rawValue].begun, line: line, operation: operation, name: name,
                bytes: bytes, phase: state.phase, start: start, end: nil, patience: state.patience)
            state.open[line.rawValue] = (entry, state.append(entry))
        }
        // An error leaves the entry open: that is where the rank got to.
        let result = try body()
        let end = monotonicSeconds()
        state.withLock { state in
            state.progress[line.rawValue].seconds += end - start
            guard let (entry, place) = state.open[line.rawValue] else { return }
            state.open[line.rawValue] = nil
            // The other line may have gone once around in the meantime.
            let found = state.entries[place]
            if found.line == line, found.sequence == entry.sequence { state.entries[place].end = end }
        }
        return result
    }

    // MARK: What watchdogs ask

    /// What is going on, for another rank to know.
    var snapshot: Snapshot {
        state.withLock { state in
            Snapshot(
                progress: state.progress, phase: "\(state.phase)", mayTakeLong: state.phase.mayTakeLong,
                phaseSeconds: monotonicSeconds() - state.phaseStart)
        }
    }

    /// The collectives that go on now.
    var open: [Entry] {
        state.withLock { state in state.open.compactMap { $0?.entry } }
    }

    /// What is remembered, the oldest first.
    var entries: [Entry] {
        state.withLock { state in Array(state.entries[state.oldest...] + state.entries[..<state.oldest]) }
    }
}

/// Where a rank has got to.
struct Snapshot: Sendable {
    let progress: [FlightRecorder.Progress]
    let phase: String
    let mayTakeLong: Bool
    /// Seconds since the phase began.
    let phaseSeconds: Double
}
