// What tests of checkpoints need a process of its own for:
// `checkpoint-check commit FOLDER TURN [half]`, `checkpoint-check fuzz SEED CASES`, `checkpoint-check write FILE`.
import CheckpointFaults
import Checkpoints
import Foundation

let arguments = Array(CommandLine.arguments.dropFirst())
let numbers = arguments.compactMap { UInt64($0) }

switch (arguments.first, arguments.count) {
case ("commit", 3...):
    try commitAndDie(folder: arguments[1], turn: Int(numbers.first ?? 0), isHalf: arguments.last == "half")
case ("fuzz", 3):
    exit(fuzz(seed: numbers[0], cases: Int(numbers[1])) ? 0 : 1)
case ("write", 2):
    // The file in CheckpointsTests/Golden of this version of the format.
    try Specimen.state(step: 1, noise: 100).write(to: arguments[1])
default:
    print("usage: checkpoint-check commit FOLDER TURN [half] | fuzz SEED CASES | write FILE")
    exit(64)
}

/// Commits steps 1 to 4, says each that is promised, and is killed just before system call number `turn`; with `isHalf` after half
/// of it where it writes.
func commitAndDie(folder: String, turn: Int, isHalf: Bool) throws {
    let files = InterceptedFiles(SystemFiles()) { at, call in
        if at == turn && isHalf && call == .write { return .shorten }
        if at == turn + (isHalf ? 1 : 0) { kill(getpid(), SIGKILL) }
        return .none
    }
    let directory = CheckpointDirectory(
        path: folder, retention: Retention(last: 2), compression: Compression(threads: 1), files: files)
    for step in 1...4 {
        try directory.commit(Specimen.state(step: step, noise: 40_000))
        FileHandle.standardOutput.write(Data("\(step)\n".utf8))
    }
}
