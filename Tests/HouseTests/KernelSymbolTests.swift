import Foundation
import Testing

@Suite struct KernelSymbolTests {
    /// A weak symbol may be shared between modules by the linker. Were one of the standard library's, compiled for AVX-512, chosen
    /// for everyone, the program would crash on a CPU without it.
    @Test("kernels define no weak code but their own", arguments: ["KernelsAVX512", "KernelsAVX2"])
    func noWeakCodeLeaks(target: String) throws {
        let objects = try objectFiles(of: target)
        try #require(!objects.isEmpty, "no object files of \(target) beside the tests")
        let symbols = try weakCode(in: objects)
        let foreign = symbols.filter { !$0.contains(target) }
        #expect(foreign.isEmpty)
    }

    private func objectFiles(of target: String) throws -> [URL] {
        // The test bundle lies in the build folder, as the targets' own folders do.
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
        if let bundle { folder = URL(fileURLWithPath: bundle).deletingLastPathComponent() }
        let build = folder.appendingPathComponent("\(target).build")
        return try FileManager.default.contentsOfDirectory(at: build, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "o" }
    }

    /// Names of weak symbols in code sections, as `nm` of binutils lists them (`W`; `V` are data).
    private func weakCode(in objects: [URL]) throws -> [String] {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["nm", "--defined-only"] + objects.map(\.path)
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return text.split(separator: "\n").filter { $0.contains(" W ") }.compactMap { $0.split(separator: " ").last }
            .map(String.init)
    }
}
