import Foundation
import Testing

/// `engine-check` in a process of its own, which guarded pages may end. Its long forms are `Tests/kernel-fuzz` and
/// `Tests/network-fuzz`.
@Suite struct RandomCaseTests {
    private struct Outcome {
        let status: Int32
        let output: String
    }

    /// The program is built beside this test bundle.
    private func check(_ arguments: String...) throws -> Outcome {
        let process = Process()
        process.executableURL = try #require(Bundle.main.executableURL).deletingLastPathComponent()
            .appending(path: "engine-check")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Outcome(status: process.terminationStatus, output: text)
    }

    @Test("random layers give the references' integers on every instruction set, and touch nobody's memory")
    func kernels() throws {
        let outcome = try check("kernels", "100", "1")
        #expect(outcome.status == 0, "\(outcome.output)")
        for name in [
            "weight gradients of 1x1 convolutions at stride 2 with few inputs",
            "windows that see more padding than map",
            "weight gradients of depthwise convolutions",
        ] {
            #expect(outcome.output.contains("holds: \(name)\n"), "\(name)")
        }
        #expect(outcome.output.contains("\nbaseline: "))
    }

    @Test("no bit of a random network depends on passes, threads, ranks and instruction sets")
    func networks() throws {
        let outcome = try check("networks", "60", "1")
        #expect(outcome.status == 0, "\(outcome.output)")
    }

    @Test(
        "what is no call of it is refused",
        arguments: [[], ["kernels"], ["kernels", "-1"], ["kernels", "--case", "1"]])
    func calls(arguments: [String]) throws {
        let process = Process()
        process.executableURL = try #require(Bundle.main.executableURL).deletingLastPathComponent()
            .appending(path: "engine-check")
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 64)
    }
}
