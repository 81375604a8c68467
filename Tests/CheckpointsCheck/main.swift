// What tests of checkpoints need a process of its own for:
// `checkpoint-check measure FILE FOLDER LEVEL…`, `checkpoint-check commit FOLDER TURN [half]`, `checkpoint-check fuzz
// SEED CASES`, `checkpoint-check write FILE`, `checkpoint-check snapshot FOLDER POINT`, `checkpoint-check snapshots
// FOLDER`.
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
case ("measure", 4...):
    try measure(arguments[1], in: arguments[2], levels: arguments.dropFirst(3).compactMap { Int($0) })
case ("write", 2):
    // The file in CheckpointsTests/Golden of this version of the format.
    try Specimen.state(step: 1, noise: 100).write(to: arguments[1])
case ("snapshot", 3):
    try writeSnapshotsAndDie(folder: arguments[1], point: Int(arguments[2]) ?? 0)
case ("snapshots", 2):
    let file = try SnapshotFolder(path: arguments[1]).openToWrite(SnapshotSpecimen.head())
    FileHandle.standardOutput.write(Data("begun\n".utf8))
    for step in 1... { SnapshotSpecimen.write(step, to: file) }
default:
    print(
        "usage: checkpoint-check commit FOLDER TURN [half] | fuzz SEED CASES | write FILE | snapshot FOLDER POINT | "
            + "snapshots FOLDER\n"
            + "       checkpoint-check measure FILE FOLDER LEVEL…")
    exit(64)
}

/// Commits steps 1 to 4, says each that is promised, and is killed just before system call number `turn`; with `isHalf`
/// after half of it where it writes.
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

/// Writes snapshots of steps 1 to 4, says each that is there, and is killed at point number `point`.
func writeSnapshotsAndDie(folder: String, point: Int) throws {
    let file = try SnapshotFolder(path: folder).openToWrite(SnapshotSpecimen.head())
    var passed = 0
    for step in 1...4 {
        SnapshotSpecimen.write(step, to: file) {
            if passed == point { kill(getpid(), SIGKILL) }
            passed += 1
        }
        FileHandle.standardOutput.write(Data("\(step)\n".utf8))
    }
}

/// Prints what writing and reading the state of `file` costs, level by level, as rows of a table. On a folder in memory
/// the disk does not count.
func measure(_ file: String, in folder: String, levels: [Int]) throws {
    let checkpoint = try Checkpoint(contentsOf: file)
    let path = folder + "/measured.safetensors.zst"
    defer { unlink(path) }
    let clock = ContinuousClock()
    for level in levels {
        for threads in [0, 1, 2] {
            var times: [Duration] = []
            for _ in 0..<(level > 9 ? 1 : 3) {
                times.append(
                    try clock.measure {
                        try checkpoint.write(to: path, compression: Compression(level: level, threads: threads))
                    })
            }
            var status = stat()
            stat(path, &status)
            var content = 0
            for tensor in checkpoint.allTensors { content += tensor.storage.count * (tensor.integers == nil ? 4 : 8) }
            let reading = try clock.measure { _ = try Checkpoint(contentsOf: path) }
            func rate(_ time: Duration) -> Int { Int(Double(content) / 1e6 / (time / .seconds(1))) }
            let ratio = (1000 * Double(content) / Double(status.st_size)).rounded() / 1000
            print("| \(level) | \(threads) | \(ratio) | \(rate(times.min() ?? .zero)) | \(rate(reading)) |")
        }
    }
}
