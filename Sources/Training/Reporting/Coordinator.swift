import Checkpoints
import Engine
import Files
import Recipes
import Runs
import Tensors
import Terminal

/// The work of rank 0 beyond computing: the files and lines of a run.
///
/// Its methods use only this machine's disk; no other rank waits for them, except where they say so.
final class Coordinator {
    let folder: RunFolder
    /// The identity that distinguishes states of this run from those of others.
    let identity: RunIdentity
    /// The content of the metrics that earlier parts of the run have written.
    var history: MetricsHistory { metrics.history }
    /// The step of the newest committed checkpoint.
    private(set) var savedStep: Int?

    private let lock: RunLock
    private let metrics: MetricsFile
    private let writer: CheckpointWriter
    /// The memory for the state that is being written.
    private let memory: SnapshotMemory
    private let settings: Recipe.Checkpoints
    private let log: RunLog
    private let clock: @Sendable () -> Double
    /// The observers of the run; nil before there are any.
    private var audience: RunAudience?
    /// The time at which the last checkpoint was taken or left out; before the first, that of the run's start.
    private var lastTaken: Double
    /// The time at which a failed checkpoint is to be tried again; nil where none failed.
    private var retryTime: Double?
    private var lastFailure: String?
    private var isMetricsFileBehind = false
    /// The seconds for which training waited for the last copy.
    private var copySeconds = 0.0

    /// The seconds after which a failed checkpoint is tried again: a full disk may have space by then.
    private static let patience = 60.0

    /// Begins or continues a run in a folder that this process has taken.
    ///
    /// - Parameters:
    ///   - resumed: the state that the run continues from; nil for a new run.
    ///   - commit: called before each checkpoint is written.
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
            // The metrics up to a checkpoint must be on the disk before it.
            try metrics.synchronize()
            return try checkpoints.commit(draft)
        }
        self.metrics = metrics
        settings = recipe.checkpoints
        self.log = log
        clock = hooks.clock ?? { monotonicSeconds() }
        lastTaken = clock()
    }

    /// The state that a run continues from.
    struct Resumption {
        let step: Int
        /// The file with the metrics up to the step.
        let metrics: String
        /// Whether the following steps are those that the run would have taken: the same recipe, from the newest state.
        /// Otherwise later states in other hosts' memory belong to another run.
        let isSameFuture: Bool
        /// Whether the step's evaluation, if it has one, is repeated.
        var isEvaluatedAgain = false
    }

    // MARK: Metrics

    /// Appends a record. A full disk does not end training: the record is written when there is space.
    func record(_ record: MetricsRecord) { append(line: record.json) }

    /// Appends a line that is not a `MetricsRecord` but has `kind` and `step` too.
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

    /// Reports the response to people and in the metrics.
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

    /// Records in the metrics the number of steps that fit into the run's time.
    func noteFitted(totalSteps: Int, step: Int) {
        var line = JSONLine()
        line.add("kind", MetricsFile.fittedKind)
        line.add("step", step)
        line.add("total_steps", totalSteps)
        append(line: line.text)
    }

    // MARK: Checkpoints

    /// Whether a checkpoint is due by the clock: by the schedule, or because the last one could not be written.
    func isCheckpointDue(_ schedule: CheckpointSchedule) -> Bool {
        let now = clock()
        if let retryTime { return now >= retryTime }
        return schedule.isDue(afterSeconds: now - lastTaken)
    }

    /// Begins to write the state after `step`.
    ///
    /// - Parameters:
    ///   - isLast: whether it must be written, even if it has to wait for the one before it.
    ///   - capture: copies the state and returns a function that makes a checkpoint of the copy; called only for a
    ///     state that is written.
    func keep(step: Int, isLast: Bool, capture: (SnapshotMemory) -> @Sendable () throws -> CheckpointDraft) {
        lastTaken = clock()
        if writer.isBusy {
            guard isLast || settings.whenBusy == .wait else {
                return log.warning(
                    "the checkpoint after step \(step) is left out: the one before it is still being written")
            }
            log.note("waiting with the checkpoint after step \(step) for the one before it")
        }
        // The memory is free then, too.
        writer.wait()
        announce()
        retryTime = nil
        let start = monotonicSeconds()
        let make = capture(memory)
        copySeconds = monotonicSeconds() - start
        writer.begin(step: step, make)
    }

    /// Reports the outcomes of checkpoints since the last call.
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

    /// Waits until the current checkpoint is written or has failed.
    func waitForWriter() {
        writer.wait()
        announce()
    }

    /// Waits until the state after `step` is committed, with up to two more attempts. Other ranks wait meanwhile.
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

    /// Notes that the state of this step is saved already, as the run continues from it.
    func resumed(from step: Int) { savedStep = step }

    // MARK: Observers

    /// Shows the run to observers from now on.
    ///
    /// - Throws: `ThreadError.refused`, or an error of making an observer.
    func show(to observers: RunObservers, _ run: (RunFolder) -> ObservedRun) throws {
        audience = try RunAudience(observers(run(folder)))
    }

    /// Whether the run has observers.
    var isObserved: Bool { audience.map { !$0.isEmpty } ?? false }

    /// Shows an evaluation to observers; `details` is called on their thread.
    func show(_ details: @escaping RunAudience.Details) { audience?.tell(evaluation: details) }

    /// Makes the metrics survive a loss of power, and waits for the observers to finish.
    func close() throws {
        try metrics.synchronize()
        endShow()
    }

    /// Gives up the folder once nothing is being written there any more.
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
    /// Returns the folder of the run's checkpoints, with the recipe's rules for keeping them.
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
    /// The recipe of the whole run, without its settings for resuming.
    var ofWholeRun: Recipe {
        get throws { try changing { ($0.resume, $0.overriddenKeys) = (nil, nil) } }
    }
}

/// A run's folder that only this process writes to.
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
