import CommandSupport
import Foundation
import Testing

/// Command lines made at random from a seed. Tests/command-fuzz runs more of them by hand.
@Suite("A command line made at random", .serialized)
struct FuzzTests {
    @Test("a command line made at random ends in time, with a known exit code and five lines of message at most")
    func fuzz() throws {
        let settings = ProcessInfo.processInfo.environment
        let seed = settings["COMMAND_FUZZ_SEED"].flatMap { UInt64($0) } ?? 1
        let only = settings["COMMAND_FUZZ_NUMBER"].flatMap { Int($0) }
        let numbers = only.map { $0...$0 } ?? 1...(settings["COMMAND_FUZZ_CASES"].flatMap { Int($0) } ?? 100)
        let ground = try FuzzGround()
        for number in numbers {
            var generator = CommandLineGenerator(seed: seed, number: number)
            let line = generator.line()
            let end = try ground.run(line)
            if only != nil { print("\(line.text)\n-> \(end.status) in \(end.seconds) s\n\(end.errors)") }
            guard let problem = end.problem(of: line) else { continue }
            Issue.record(
                """
                \(problem): exit code \(end.status) after \(end.seconds) s
                  \(line.text.prefix(2000))
                  again: Tests/command-fuzz 1 \(seed) \(number)
                \(end.errors.prefix(1000))
                """)
        }
    }
}

/// A folder of unusual files, of which each command line gets a fresh copy.
private final class FuzzGround {
    private let commands: Commands
    private let original: String
    private let work: String

    init() throws {
        commands = try Commands()
        original = commands.folder + "/original"
        work = commands.folder + "/work"
        let data = try commands.tinyData(train: 17, test: 3)
        let outcome = try commands.run(
            "--model", "lenet", "--data", data, "--batch-size", "8", "--threads", "1", "--steps", "2", "--output",
            "original/run")
        try #require(outcome.status == 0, "\(outcome.errors)")
        try FileManager.default.createDirectory(atPath: original + "/data", withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: commands.folder) where name.hasSuffix("ubyte") {
            try FileManager.default.moveItem(atPath: "\(commands.folder)/\(name)", toPath: "\(original)/data/\(name)")
        }
        let folder = original + "/run/checkpoints/"
        let newest = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".zst") }.max()
        try OddFiles.fill(original, checkpoint: folder + (try #require(newest)))
    }

    /// Seconds that a command line may take.
    static let longest = 20

    /// Runs the line in bash, in a copy of the folder. `$AS_NOBODY` in the line replaces root, to which limits on
    /// processes do not apply, by another user.
    func run(_ line: CommandLineGenerator.Line) throws -> FuzzOutcome {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        let script = """
            rm -rf work && cp -a original work && cd work && mkdir home && chmod -R a+rwX . && chmod 0 unreadable && \
            timeout -s KILL \(Self.longest) bash -c "$LINE" >../stdout 2>../stderr; code=$?; cat .status 2>/dev/null \
            || echo $code
            """
        process.arguments = ["--default-signal", "bash", "-c", script]
        process.currentDirectoryURL = URL(filePath: commands.folder)
        let build = URL(filePath: try Commands.binary()).deletingLastPathComponent().path
        let environment = ProcessInfo.processInfo.environment
        process.environment = environment.merging([
            "LINE": line.text, "PATH": "\(build):\(environment["PATH"] ?? "")", "HOME": work + "/home",
            "AS_NOBODY": geteuid() == 0 ? "setpriv --reuid=54321 --regid=54321 --clear-groups" : "",
            "SWIFT_BACKTRACE": "enable=no", "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_rmaps_base_oversubscribe": "1",
        ]) { _, ours in ours }
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        let start = ContinuousClock.now
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let seconds = start.duration(to: .now) / .seconds(1)
        let status = try #require(Int32(text.split(whereSeparator: \.isNewline).last ?? ""), "\(line.text): \(text)")
        let errors = try Data(contentsOf: URL(filePath: commands.folder + "/stderr"))
        return FuzzOutcome(status: status, errors: String(decoding: errors, as: UTF8.self), seconds: seconds)
    }
}

/// The outcome of a command line.
private struct FuzzOutcome {
    let status: Int32
    let errors: String
    let seconds: Double

    /// The exit codes in README's table.
    private static let codes: Set<Int32> = [0, 1, 64, 70, 75, 76]
    /// Texts in messages that only a fault of the program produces.
    private static let faults = [
        "Fatal error", "Stack dump", "Backtrace", "Error Domain=", "NSCocoaError", "The operation could", "couldn’t be",
        "Optional(", "swift_", "terminate called", "Assertion", "stack smashing", "malloc()", "free()",
    ]

    /// Returns what is wrong with the outcome; nil where nothing is.
    func problem(of line: CommandLineGenerator.Line) -> String? {
        if status == 137 { return "no end" }
        let isSignalled = line.hasBrokenPipe && status == 141
        // Where the loader or bash itself runs out of something, the program has not started.
        let isUnborn =
            line.isStarved
            && (status == 127 || status == 126 || errors.contains("error while loading shared libraries")
                || errors.contains("bash: "))
        if isUnborn { return nil }
        guard Self.codes.contains(status) || isSignalled else { return "no exit code of the table" }
        if let fault = Self.faults.first(where: errors.contains) { return "'\(fault)' in the message" }
        let isControl = { (scalar: Unicode.Scalar) in
            scalar.value < 32 && scalar != "\n" || (127..<160).contains(scalar.value)
        }
        if errors.unicodeScalars.contains(where: isControl) { return "a control character in the message" }
        if status == 0 || isSignalled || line.isMute { return nil }
        // mpirun has many lines of its own.
        let lines = errors.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .filter { !line.hasRanks || $0.hasPrefix("cnn-train: ") || $0.hasPrefix("rank ") }
            .filter { !$0.hasPrefix("cnn-train: note: ") && !$0.hasPrefix("cnn-train: warning: ") }
        // The differing lines are a result of `diff` and `verify`, not a message.
        let isResult = line.text.contains(" diff ") || line.text.contains(" verify ")
        if lines.isEmpty && !isResult { return "no message" }
        if lines.contains(where: { $0.trimmingCharacters(in: .whitespaces) == "cnn-train:" }) {
            return "an empty message"
        }
        let isHelp = errors.contains("USAGE: ")
        if lines.count > 5 && !isHelp { return "a message of \(lines.count) lines" }
        return nil
    }
}
