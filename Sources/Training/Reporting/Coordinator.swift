import Checkpoints
import Engine
import Files
import Recipes
import Runs
import Tensors
import Terminal

/// The work of rank 0 beyond computing: it keeps what a run leaves behind.
///
/// Its methods touch only this machine's disk: no other rank waits inside them but where they say so.
final class Coordinator {
    let folder: RunFolder
    /// Tells states of this run from those of others.
    let identity: RunIdentity
    /// The content of the metrics that earlier parts of the run have written.
    var history: MetricsHistory { metrics.history }
    /// The step of the newest checkpoint that is there for good.
    private(set) var savedStep: Int?

    private let lock: RunLock
    private let metrics: MetricsFile
    private let writer: CheckpointWriter
    /// Holds the state that is being written.
    private let memory: SnapshotMemory
    private let settings: Recipe.Checkpoints
    private let log: RunLog
    private let clock: @Sendable () -> Double
    /// Those that show the run to people; nil before they look on.
    private var audience: RunAudience?
    /// The time at which the last checkpoint was taken or left out; the run's start before that.
    private var lastTaken: Double
    /// The time at which a checkpoint that could not be written is to be tried again.
    private var retryTime: Double?
    private var lastFailure: String?
    private var isMetricsFileBehind = false
    /// Seconds that training stood still for the last copy.
    private var copySeconds = 0.0

    /// Seconds after which what failed is tried again: a disk that is full may have room by then.
    private static let patience = 60.0

    /// Begins or goes on with a run in a folder that is ours.
    ///
    /// - Parameters:
    ///   - resumed: where the run goes on; nil for a new one.
    ///   - commit: stands before the writing of each checkpoint.
    /// - Throws: `RunError.cannotWrite`
    init(
        _ opened: OpenedFolder, recipe: Recipe, resumed: Resumption?, memory: SnapshotMemory,
        log: RunLog, hooks: TrainerHooks
    ) throws {
        folder = opened.folder
        lock = opened.lock
        try folder.begin(recipe: recipe.ofWholeRun.yaml())
        if let kept = RunIdentity(of: folder), resumed?.isSameFuture ?? false {
            identity = kept
        } else {
            identity = RunIdentity()
            try identity.write(to: folder)
        }
        let metrics = try MetricsFile(
            path: folder.metrics, resumedStep: resumed?.step, from: resumed?.metrics,
            isEvaluatedAgain: resumed?.isEvaluatedAgain ?? false)
        let checkpoints = folder.checkpointDirectory(recipe.checkpoints)
        self.memory = memory
        writer = try CheckpointWriter(prepare: memory.touch) { draft in
            try hooks.commit(draft)
            // The metrics that lead up to a checkpoint are there before it.
            try metrics.synchronize()
            return try checkpoints.commit(draft)
        }
        self.metrics = metrics
        settings = recipe.checkpoints
        self.log = log
        clock = hooks.clock ?? { monotonicSeconds() }
        lastTaken = clock()
    }

    /// The state from which a run goes on.
    struct Resumption {
        let step: Int
        /// The file with what was told up to it.
        let metrics: String
        /// Whether what follows is what would have followed: the same recipe, from the newest state. Else what other
        /// hosts may still have in memory of later steps is another run's.
        let isSameFuture: Bool
        /// Whether the step's evaluation, if it has one, is made again.
        var isEvaluatedAgain = false
    }

    // MARK: Metrics

    /// Appends a record. A disk that is full ends no training: the record is written when there is room.
    func record(_ record: MetricsRecord) { append(line: record.json) }

    /// Appends a line that is not a record but has `kind` and `step` as records do.
    func append(line: String) {
        audience?.tell(line)
        do {
            try metrics.append(line: line)
            isMetricsFileBehind = false
        } catch {
            if !isMetricsFileBehind {
                log.warning("\(error); training goes on, and the lines are kept until there is room")
            }
            isMetricsFileBehind = true
        }
    }

    /// The response to a step that was not finite.
    enum Measure {
        case skipped
        case rewound(to: Int)
    }

    /// Tells people and metrics of it.
    func note(_ measure: Measure, step: Int, what: String, rank: Int, ranks: Int) throws {
        var line = JSONLine()
        var place = ranks > 1 ? ", first on rank \(rank)/\(ranks)" : ""
        switch measure {
        case .skipped:
            line.add("kind", "skipped")
            place += ": the step is skipped"
        case .rewound(let back):
            line.add("kind", "rewound")
            line.add("back_to", back)
            place += ": going on from the state of step \(back)"
        }
        line.add("step", step)
        line.add("rank", rank)
        line.add("reason", what)
        append(line: line.text)
        log.warning("\(what) at step \(step)\(place)")
    }

    /// Tells the metrics of the steps that fit into the run's time.
    func noteFitted(totalSteps: Int, step: Int) {
        var line = JSONLine()
        line.add("kind", MetricsFile.fittedKind)
        line.add("step", step)
        line.add("total_steps", totalSteps)
        append(line: line.text)
    }

    // MARK: Checkpoints

    /// Whether one is due by the clock: on schedule, or because the last could not be written.
    func isCheckpointDue(_ schedule: CheckpointSchedule) -> Bool {
        let now = clock()
        if let retryTime { return now >= retryTime }
        return schedule.isDue(afterSeconds: now - lastTaken)
    }

    /// Begins to write the state after `step`.
    ///
    /// - Parameters:
    ///   - isLast: whether it must be written, even if it has to wait for the one before it.
    ///   - capture: copies the state and gives what makes a checkpoint of the copy; called only where it is written.
    func keep(step: Int, isLast: Bool, capture: (SnapshotMemory) -> @Sendable () throws -> CheckpointDraft) {
        lastTaken = clock()
        if writer.isBusy {
            guard isLast || settings.whenBusy == .wait else {
                return log.warning(
                    "the checkpoint after step \(step) is left out: the one before it is still being written")
            }
            log.note("waiting with the checkpoint after step \(step) for the one before it")
        }
        // The memory, too, is free then.
        writer.wait()
        announce()
        retryTime = nil
        let start = monotonicSeconds()
        let make = capture(memory)
        copySeconds = monotonicSeconds() - start
        writer.begin(step: step, make)
    }

    /// Tells what became of checkpoints since the last call.
    func announce() {
        for outcome in writer.takeOutcomes() {
            switch outcome {
            case .written(let step, let commit, let seconds):
                savedStep = step
                lastFailure = nil
                log.saved(step: step, commit, seconds: seconds, copySeconds: copySeconds)
                for warning in commit.warnings { log.warning("\(warning)") }
            case .failed(let step, let reason):
                lastFailure = reason
                retryTime = clock() + Self.patience
                let kept = savedStep.map { "the one of step \($0) is kept" } ?? "there is none yet"
                log.warning(
                    "the checkpoint after step \(step) could not be written: \(reason); \(kept), and training goes on")
            }
        }
    }

    /// Waits until what was begun is written or has failed.
    func waitForWriter() {
        writer.wait()
        announce()
    }

    /// Makes sure that the state after `step` is there for good, trying twice. Others wait meanwhile.
    ///
    /// - Throws: `TrainingError.nothingSaved`
    func finishSaving(step: Int, capture: (SnapshotMemory) -> @Sendable () throws -> CheckpointDraft) throws {
        waitForWriter()
        for _ in 0..<2 where savedStep != step {
            keep(step: step, isLast: true, capture: capture)
            waitForWriter()
        }
        guard savedStep == step else {
            throw TrainingError.nothingSaved(path: folder.checkpoints, reason: lastFailure ?? "no reason is known")
        }
    }

    /// The state that a run goes on from was saved as this step's.
    func resumed(from step: Int) { savedStep = step }

    // MARK: Observers

    /// Shows the run to observers from here on.
    ///
    /// - Throws: `ThreadError.refused`, or what keeps an observer from being made.
    func show(to observers: RunObservers, _ run: (RunFolder) -> ObservedRun) throws {
        audience = try RunAudience(observers(run(folder)))
    }

    /// Whether anybody looks on.
    var isObserved: Bool { audience.map { !$0.isEmpty } ?? false }

    /// An evaluation is over; `details` is called on the observers' thread.
    func show(_ details: @escaping RunAudience.Details) { audience?.tell(evaluation: details) }

    /// Makes the record's end last, and waits for what observers still write of it.
    func close() throws {
        try metrics.synchronize()
        endShow()
    }

    /// Lets others have the folder, once nothing is being written there any more.
    func release() {
        writer.wait()
        endShow()
        lock.release()
    }

    private func endShow() {
        audience?.end()
        audience = nil
    }
}

extension RunFolder {
    /// Its checkpoints, as a recipe wants them kept.
    func checkpointDirectory(_ settings: Recipe.Checkpoints) -> CheckpointDirectory {
        CheckpointDirectory(
            path: checkpoints,
            retention: Retention(
                last: settings.keepLast,
                best: settings.keepBest > 0
                    ? Retention.Best(settings.keepBest, metric: "test_accuracy", isHigherBetter: true) : nil,
                everyEpochs: settings.keepEveryEpochs),
            compression: Compression(level: settings.level))
    }
}

extension Recipe {
    /// The recipe of the whole run, which whoever takes it up again begins anew.
    var ofWholeRun: Recipe {
        get throws { try changing { ($0.resume, $0.overriddenKeys) = (nil, nil) } }
    }
}

/// A run's folder that this process alone writes into.
struct OpenedFolder {
    let folder: RunFolder
    let lock: RunLock

    /// Makes the folder where it is missing, and takes it.
    ///
    /// - Throws: `RunError.folderInUse` or `.cannotWrite`
    init(_ folder: RunFolder) throws {
        try RunError.writing(folder.path) { try makeFolders(folder.path) }
        self.folder = folder
        lock = try RunLock(folder: folder)
    }
}
