import CheckpointFaults

@testable import Checkpoints

/// A run that commits steps 1 to 4 and keeps two of them, on a file system that may fail.
struct SavingRun {
    static let folder = "/run/checkpoints"
    static let steps = 4
    /// A run each of whose states takes two writes.
    static let usual = SavingRun(noise: 40_000)
    /// A run each of whose states takes five writes.
    static let long = SavingRun(noise: 150_000)

    /// The states by step.
    let states: [Checkpoint]

    private init(noise: Int) {
        states = (0...Self.steps).map { Specimen.state(step: $0, noise: noise) }
    }

    static func directory(_ files: any FileSystem, _ folder: String = folder) -> CheckpointDirectory {
        CheckpointDirectory(
            path: folder, retention: Retention(last: 2), compression: Compression(threads: 0), files: files)
    }

    /// Returns what is wrong with the newest checkpoint that a reader finds; nil where nothing is. Step `announced` has
    /// been committed, and the next one has perhaps been begun.
    func complaint(_ files: any FileSystem, announced: Int, _ folder: String = SavingRun.folder) -> String? {
        do throws(CheckpointError) {
            let found = try Self.directory(files, folder).newest()
            guard (max(announced, 1)...announced + 1).contains(found.entry.step) else {
                return "step \(found.entry.step) was found, \(announced) was promised; passed over: \(found.passedOver)"
            }
            guard found.passedOver.isEmpty else { return "\(found.passedOver)" }
            guard found.checkpoint.isSame(as: states[found.entry.step]) else { return "another state than was saved" }
            return nil
        } catch .noDirectory where announced == 0 {
            return nil
        } catch .noneFound where announced == 0 {
            return nil
        } catch {
            return "\(announced) was promised, and nothing found: \(error)"
        }
    }

    /// Commits all steps in turn.
    ///
    /// - Returns: how many steps were committed, the error that stopped them, and the warnings.
    func tell(
        on files: any FileSystem, _ folder: String = SavingRun.folder, after: (Int) -> Void = { _ in }
    ) -> (announced: Int, error: CheckpointError?, warnings: [CheckpointError]) {
        var warnings: [CheckpointError] = []
        for step in 1...Self.steps {
            do throws(CheckpointError) {
                warnings += try Self.directory(files, folder).commit(states[step]).warnings
                after(step)
            } catch {
                return (step - 1, error, warnings)
            }
        }
        return (Self.steps, nil, warnings)
    }
}
