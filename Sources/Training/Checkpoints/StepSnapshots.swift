import Checkpoints
import Collectives
import Engine
import Terminal

/// The states after the last steps in a host's memory, kept by the host's first rank while the run goes on.
final class StepSnapshots {
    private let file: SnapshotFile
    /// The memories of the snapshots, by slot of the file.
    private let memories: [SnapshotMemory]

    /// - Throws: `MemoryError.refused`
    init(_ file: SnapshotFile, of engine: Engine) throws {
        self.file = file
        memories = try (0..<SnapshotHead.slots).map { try engine.snapshotMemory(in: file.content(of: $0)) }
    }

    /// The step of the newest snapshot; nil where there is none.
    var newestStep: Int? { file.newestStep }

    /// Copies the engine's state into the older of the two slots.
    func keep(_ engine: Engine, _ state: SnapshotState) {
        let memory = memories[file.nextSlot]
        file.write(state) { engine.snapshot(in: memory).checksum }
    }
}

extension SnapshotHead.Sizes {
    init(_ state: [StateExtent]) {
        self.init(state.map { (name: "\($0.kind)", floats: $0.floats) })
    }
}

/// A state that this rank's host has in memory.
struct OwnSnapshot {
    let file: SnapshotFile
    let slot: Int
    let state: SnapshotState
    let checksum: UInt64
}

/// The newest state in the memory of any host, as it is known to rank 0.
struct ReportedSnapshot {
    /// The first rank of the host.
    let rank: Int
    let host: String
    let step: Int
    /// The step of the last report before the state.
    let reportedStep: Int
    /// The metadata that a checkpoint of the state would have; nil where no host has a state that fits.
    let about: Checkpoint.About?
    /// The reasons why other states cannot be used.
    let refusals: [String]

    /// Returns a note on steps that are missing in metrics that end at a step.
    func gaps(after lastReported: Int) -> [String] {
        guard reportedStep > lastReported else { return [] }
        return [
            "metrics.jsonl has no lines of steps \(Wording.grouped(lastReported + 1)) to "
                + "\(Wording.grouped(reportedStep)): they were lost with the machine that wrote them"
        ]
    }
}
