import Synchronization
import Tensors

/// The purpose of a communicator's call, in messages: `gradients 3`.
package struct CollectiveName: ExpressibleByStringLiteral, Sendable, CustomStringConvertible {
    private let text: StaticString
    /// A number that tells apart the calls for parts of one thing; below 0 where it has no parts.
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

/// The last collectives of this rank's communicators, for the watchdog, and to be read after ranks have lost each
/// other. Costs two uncontended locks a collective.
package final class FlightRecorder: Sendable {
    /// The number of collectives that are kept.
    static let capacity = 64

    /// One collective, on this rank.
    struct Entry: Sendable {
        /// The number of the call on `line`, from 1: the same call has the same number on every rank.
        let sequence: Int
        let line: Line
        let operation: Operation
        let name: CollectiveName
        let bytes: Int
        /// The phase of the rank when the call began.
        let phase: Phase
        /// Seconds on the clock of `monotonicSeconds`.
        let start: Double
        /// The end, on the same clock; nil while the collective goes on.
        var end: Double?
        let patience: Patience
    }

    /// The two communicators of a rank, each with an order of calls of its own.
    package enum Line: Int, CaseIterable, Sendable {
        /// The communicator of the thread that computes.
        case main
        /// The second communicator, of the thread that sums gradients beside it.
        case second
    }

    enum Operation: String, Sendable { case sum, broadcast, gather, barrier }

    /// The limits of a collective's duration, in seconds.
    struct Patience: Sendable {
        /// The limit while all ranks are in ordinary phases.
        var usual: Double
        /// The limit while a rank is in a phase that may take long.
        var long: Double
    }

    /// The work that a rank is doing, and the step of the run that it is for.
    package struct Phase: Sendable, CustomStringConvertible {
        private let what: StaticString
        private let step: Int
        /// Whether other ranks wait longer for this phase than for an ordinary step: a start, a checkpoint, an
        /// evaluation.
        let mayTakeLong: Bool

        /// - Parameter step: the number of optimizer steps taken before; below 0 where the phase belongs to no step.
        package init(_ what: StaticString, step: Int = -1, mayTakeLong: Bool = false) {
            self.what = what
            self.step = step
            self.mayTakeLong = mayTakeLong
        }

        package var description: String { step < 0 ? "\(what)" : "\(what) of step \(step + 1)" }
    }

    /// The progress of one communicator.
    struct Progress: Sendable {
        /// The number of the last call that has begun; 0 before the first.
        var begun = 0
        /// Seconds within collectives since the beginning.
        var seconds = 0.0
    }

    private struct State: ~Copyable {
        var entries: [Entry] = []
        /// The index of the oldest entry, which the next one replaces once there are `capacity`.
        var oldest = 0
        var progress = [Progress](repeating: Progress(), count: Line.allCases.count)
        /// The collectives that go on, by communicator, and their indices in `entries`.
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

    /// The factor by which a run's start and first step may take longer, as ranks begin them at different times.
    package static let firstStepFactor = 4.0

    /// The default limit of a collective, in seconds, and the least limit of phases that may take long.
    package static let usualPatience = 300.0

    private let state = Mutex(State())

    package init() {}

    /// Begins a phase of the rank.
    package func enter(_ phase: Phase) {
        state.withLock { state in
            state.phase = phase
            state.phaseStart = monotonicSeconds()
        }
    }

    /// Sets the limit, in seconds, of collectives that begin from now on.
    ///
    /// - Parameter factor: how many times as long ranks wait while one is in a phase that may take long.
    package func allow(seconds: Double, factor: Double = 1) {
        let patience = Patience(usual: seconds, long: max(Self.usualPatience, factor * seconds))
        state.withLock { $0.patience = patience }
    }

    /// The seconds of silence after which a rank that has been heard ends the job; nil where ranks send no heartbeats.
    package var heartbeat: Double? {
        get { state.withLock { $0.heartbeat } }
        set { state.withLock { $0.heartbeat = newValue } }
    }

    /// Whether all ranks have set `heartbeat`: true after a collective that each rank began with it set.
    package var doAllBeat: Bool {
        get { state.withLock { $0.doAllBeat } }
        set { state.withLock { $0.doAllBeat = newValue } }
    }

    /// The folder to which records are written when ranks lose each other; nothing is written before this is set.
    package var folder: String? {
        get { state.withLock { $0.folder } }
        set { state.withLock { $0.folder = newValue } }
    }

    /// Seconds that this rank has spent in collectives of one communicator.
    package func seconds(on line: Line) -> Double { state.withLock { $0.progress[line.rawValue].seconds } }

    /// Whether this rank is within a collective now.
    package var isInCollective: Bool { state.withLock { state in state.open.contains { $0 != nil } } }

    // MARK: Calls of communicators

    /// Runs `body` as a collective of one of the communicators.
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
        // An error leaves the entry open, to show where the rank was.
        let result = try body()
        let end = monotonicSeconds()
        state.withLock { state in
            state.progress[line.rawValue].seconds += end - start
            guard let (entry, place) = state.open[line.rawValue] else { return }
            state.open[line.rawValue] = nil
            // Calls of the other communicator may have overwritten the entry in the meantime.
            let found = state.entries[place]
            if found.line == line, found.sequence == entry.sequence { state.entries[place].end = end }
        }
        return result
    }

    // MARK: Calls of watchdogs

    /// The state of this rank, as sent to other ranks.
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

    /// The collectives that are kept, the oldest first.
    var entries: [Entry] {
        state.withLock { state in Array(state.entries[state.oldest...] + state.entries[..<state.oldest]) }
    }
}

/// The progress and phase of a rank at one time.
struct Snapshot: Sendable {
    let progress: [FlightRecorder.Progress]
    let phase: String
    let mayTakeLong: Bool
    /// Seconds since the phase began.
    let phaseSeconds: Double
}
