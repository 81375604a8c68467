import Engine
package import Foundation
import TestSupport
package import Testing

/// The outcome of a command.
package struct Outcome {
    /// The exit status; 124 where the command hung and had to be stopped, 128 plus the number of a signal that ended
    /// it.
    package let status: Int32
    package let output: String
    package let errors: String
    package let seconds: Double

    /// The lines of standard error that come from the program and not from mpirun.
    package var complaints: [String] {
        errors.split(separator: "\n").map(String.init).filter {
            $0.hasPrefix("cnn-train: ") || $0.hasPrefix("rank ") || $0.contains("Fatal error")
        }
    }
}

/// The binary that was built beside this test bundle, started in a folder of its own.
package final class Commands {
    package let folder: String

    package init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "command-line-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    package static func binary() throws -> String {
        let build = try #require(Bundle.main.executableURL).deletingLastPathComponent()
        let path = build.appending(path: "cnn-train").path
        try #require(FileManager.default.isExecutableFile(atPath: path), "\(path) is not built")
        return path
    }

    /// Runs `cnn-train` under mpirun, or without it where `ranks` is nil; stops it after two minutes.
    ///
    /// - Parameters:
    ///   - cores: the cores that the command and its launcher may use; nil for those of this process.
    ///   - signal: the signal that interrupts the process.
    ///   - secondSignal: a signal that follows at once, or when `betweenSignals` has returned.
    ///   - rank: the rank of mpirun that gets the signal, `allRanks` for each of them. nil stands for mpirun itself, or
    ///     for the process where there is no mpirun.
    ///   - ignored: a signal that the command ignores from its start, such as `HUP`.
    ///   - isEnough: asked repeatedly; once it returns true, the process gets the signal.
    package func run(
        _ arguments: [String], ranks: Int? = nil, cores: [Int]? = nil, environment: [String: String] = [:],
        signal: Int32 = SIGKILL, secondSignal: Int32? = nil, toRank rank: Int? = nil, ignoring ignored: String? = nil,
        killedWhen isEnough: () -> Bool = { false }, betweenSignals: () throws -> Void = {}
    ) throws -> Outcome {
        let binding = cores.map { ["taskset", "-c", $0.map(String.init).joined(separator: ",")] } ?? []
        let launcher =
            binding + (ignored.map { ["env", "--ignore-signal=\($0)"] } ?? [])
            + (ranks.map { ["mpirun", "-n", "\($0)"] } ?? [])
        return try run(
            words: launcher + [try Self.binary()] + arguments, environment: environment, signal: signal,
            secondSignal: secondSignal, toRank: rank, killedWhen: isEnough, betweenSignals: betweenSignals)
    }

    /// Runs a shell script, in which `$BINARY` is the program.
    package func run(script: String, environment: [String: String] = [:]) throws -> Outcome {
        try run(
            words: ["sh", "-c", script],
            environment: environment.merging(["BINARY": try Self.binary()]) { asked, _ in asked })
    }

    /// Runs mpirun with `programs`, each a number of ranks, a binary and its arguments.
    package func run(programs: [(ranks: Int, binary: String, arguments: [String])]) throws -> Outcome {
        let parts = programs.map { ["-n", "\($0.ranks)", $0.binary] + $0.arguments }
        return try run(words: ["mpirun"] + Array(parts.joined(separator: [":"])))
    }

    /// Runs any program.
    package func run(
        words: [String], environment: [String: String] = [:], signal: Int32 = SIGKILL, secondSignal: Int32? = nil,
        toRank rank: Int? = nil, killedWhen isEnough: () -> Bool = { false }, betweenSignals: () throws -> Void = {}
    ) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        // Threads of a test block most signals, and processes inherit that: mpirun would forward none.
        process.arguments = ["--default-signal", "timeout", "--kill-after=5", "120"] + words
        process.currentDirectoryURL = URL(filePath: folder)
        // The settings are those of launch/env: any number of ranks on any number of cores, as any user.
        process.environment = ProcessInfo.processInfo.environment.merging([
            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
        ]) { _, ours in ours }.merging(environment) { _, asked in asked }
        process.standardInput = FileHandle.nullDevice
        // The output goes to files: reading two pipes one after the other may block a process that writes to both.
        let (outputPath, errorPath) = (folder + "/.stdout", folder + "/.stderr")
        for path in [outputPath, errorPath] { try Data().write(to: URL(filePath: path)) }
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: outputPath))
        process.standardError = try FileHandle(forWritingTo: URL(filePath: errorPath))
        let start = ContinuousClock.now
        try process.run()
        // The signal is sent once: soon after, there is no process left to ask for its children.
        var isKilled = false
        try Self.watch(process) {
            guard !isKilled && isEnough() else { return }
            isKilled = true
            try Self.send(signal, toChildrenOf: process.processIdentifier, rank: rank)
            if let secondSignal {
                // No process stays stopped even where this throws.
                defer { try? Self.send(secondSignal, toChildrenOf: process.processIdentifier, rank: rank) }
                try betweenSignals()
            }
        }
        process.waitUntilExit()
        let signalled: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
        return Outcome(
            status: signalled + process.terminationStatus,
            output: try String(contentsOfFile: outputPath, encoding: .utf8),
            errors: try String(contentsOfFile: errorPath, encoding: .utf8),
            seconds: start.duration(to: .now) / .seconds(1))
    }

    /// Calls `look` again and again while a process runs, with pauses nine times as long as it takes, of 2 to 50 ms:
    /// the process itself needs the cores.
    package static func watch(_ process: Process, _ look: () throws -> Void) rethrows {
        while process.isRunning {
            let start = ContinuousClock.now
            try look()
            let spent = start.duration(to: .now) / .seconds(1)
            Thread.sleep(forTimeInterval: min(max(9 * spent, 0.002), 0.05))
        }
    }

    package static let allRanks = -1

    /// Sends a signal to the children of `timeout`, which then ends with 128 plus the signal itself.
    private static func send(_ signal: Int32, toChildrenOf process: pid_t, rank: Int?) throws {
        for child in try children(of: process) {
            guard let rank else {
                kill(child, signal)
                continue
            }
            // mpirun starts its ranks in their order.
            let ranks = try children(of: child).sorted()
            for index in ranks.indices where [index, allRanks].contains(rank) { kill(ranks[index], signal) }
        }
    }

    private static func children(of process: pid_t) throws -> [pid_t] {
        // Each thread has its own children; mpirun starts its ranks from a thread other than its first.
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task").flatMap { thread in
            try String(contentsOfFile: "/proc/\(process)/task/\(thread)/children", encoding: .utf8)
                .split(separator: " ").compactMap { pid_t($0) }
        }
    }

    package func run(_ arguments: String..., ranks: Int? = nil) throws -> Outcome { try run(arguments, ranks: ranks) }

    /// Makes a folder of Fashion-MNIST's files with a few images, and returns its value for `--data`.
    package func tinyData(train: Int = 40, test: Int = 12) throws -> String {
        for (prefix, count) in [("train", train), ("t10k", test)] {
            try write(
                Self.header(0x803, [count, 28, 28]) + patternedImages(count, pixels: 784),
                to: "\(prefix)-images-idx3-ubyte")
            try write(
                Self.header(0x801, [count]) + (0..<count).map { UInt8($0 % 10) }, to: "\(prefix)-labels-idx1-ubyte")
        }
        return "fashion-mnist:" + folder
    }

    /// Runs a line of bash, in which `$cnn` is the binary.
    package func shell(_ line: String, environment: [String: String] = [:]) throws -> Outcome {
        try run(
            words: ["bash", "-c", line], environment: environment.merging(["cnn": try Self.binary()]) { own, _ in own })
    }

    package func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(filePath: folder + "/" + name))
    }

    private static func header(_ magic: Int, _ dimensions: [Int]) -> [UInt8] {
        ([magic] + dimensions).flatMap { word in [24, 16, 8, 0].map { UInt8(word >> $0 & 255) } }
    }
}

extension Trait where Self == ConditionTrait {
    /// The condition for tests of bits that are the same on any number of ranks: without AVX2, OpenBLAS computes, in
    /// orders of its own.
    package static var withOurKernels: Self { .enabled(if: Backend.avx2.isSupported, "OpenBLAS has bits of its own") }
}
