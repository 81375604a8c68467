import CheckpointFaults
import Foundation
import Testing

@testable import Checkpoints

/// Starts `checkpoint-check`, built beside this test bundle, with a pipe for what it prints.
func started(_ arguments: [String]) throws -> Process {
    let folder = try #require(Bundle.main.executableURL).deletingLastPathComponent()
    let process = Process()
    process.executableURL = folder.appending(path: "checkpoint-check")
    process.arguments = arguments
    process.standardOutput = Pipe()
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return process
}

/// Runs it to its end.
func check(_ arguments: [String]) throws -> (status: Int32, isKilled: Bool, output: String) {
    let process = try started(arguments)
    let output = try #require(process.standardOutput as? Pipe)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, process.terminationReason == .uncaughtSignal, text)
}

@Suite("A process of its own") struct ProcessTests {
    /// The calls that the process makes, which depend on nothing but what it writes.
    private func calls() throws -> [FileCall] {
        let folder = try TemporaryFolder()
        let files = InterceptedFiles(SystemFiles()) { _, _ in .none }
        _ = SavingRun.usual.tell(on: files, folder.path + "/run/checkpoints")
        return files.calls
    }

    @Test(
        "a process killed before any system call or in a write leaves the checkpoint that it promised, or one more",
        arguments: [false, true])
    func killed(isHalf: Bool) throws {
        let calls = try calls()
        let turns = calls.indices.filter { !isHalf || calls[$0] == .write }
        #expect(turns.count >= (isHalf ? 8 : 100))
        for turn in turns {
            let temporary = try TemporaryFolder()
            let folder = temporary.path + "/run/checkpoints"
            let outcome = try check(["commit", folder, "\(turn)"] + (isHalf ? ["half"] : []))
            try #require(outcome.isKilled && outcome.status == SIGKILL, "\(turn): \(outcome)")
            let announced = outcome.output.split(separator: "\n").count
            let complaint = SavingRun.usual.complaint(SystemFiles(), announced: announced, folder)
            #expect(complaint == nil, "killed before call \(turn), \(calls[turn])")
            let step = min(announced + 1, SavingRun.steps)
            try SavingRun.directory(SystemFiles(), folder).commit(SavingRun.usual.states[step])
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(names.last?.hasSuffix("\(step).safetensors.zst") == true)
            #expect(names.count <= 2 && names.allSatisfy { $0.hasPrefix("step-") }, "\(names)")
        }
        let whole = try TemporaryFolder()
        #expect(
            try check(["commit", whole.path, "\(calls.count)"]).output == "1\n2\n3\n4\n",
            "nobody kills it after its last call")
    }

    /// The long form, a million cases, is `Tests/fuzz-checkpoints`.
    @Test(
        "a reader of almost checkpoints neither crashes nor believes them, nor allocates what they claim"
    )
    func fuzz() throws {
        let outcome = try check(["fuzz", "1", "20000"])
        #expect(outcome.status == 0 && !outcome.isKilled, "\(outcome)")
        #expect(outcome.output.hasPrefix("20000 cases: "))
    }
}
