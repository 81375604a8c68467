import Foundation
import Testing

@Suite struct KernelSymbolTests {
    /// A weak symbol may be shared between modules by the linker. If all modules shared the one that is compiled for
    /// AVX-512 here, the program would crash on a CPU without it.
    @Test("no code under a shared name has instructions beyond x86-64", arguments: ["KernelsAVX512", "KernelsAVX2"])
    func noWideCodeLeaks(target: String) throws {
        for object in try objectFiles(of: target) {
            for symbol in try weakCode(in: object) where !symbol.contains(target) {
                let wide = try instructions(of: symbol, in: object).filter(isWide)
                #expect(wide.isEmpty, "\(symbol) in \(object.lastPathComponent)")
            }
        }
    }

    @Test("the kernels themselves have wide instructions, so that the other test can see them")
    func kernelsAreWide() throws {
        let object = try #require(
            objectFiles(of: "KernelsAVX2").first { $0.lastPathComponent.hasPrefix("Convolution") })
        let all = try run("objdump", "--disassemble", "--no-show-raw-insn", object.path).split(separator: "\n")
        #expect(all.map(String.init).contains(where: isWide))
    }

    /// Calls pass vectors in ways that depend on the instruction set, and cost more than the operations. Debug builds
    /// keep the entries of protocol witness tables (`TW`, merged `TWTm`), which nothing calls: calls there are allowed.
    @Test("kernels contain their operations on vectors and call none", arguments: ["KernelsAVX512", "KernelsAVX2"])
    func vectorOperationsAreInlined(target: String) throws {
        for object in try objectFiles(of: target) {
            var function = ""
            for line in try run("objdump", "--disassemble", "--no-show-raw-insn", object.path).split(separator: "\n") {
                if line.hasSuffix(">:") {
                    function = String(line)
                } else if line.contains("call"), line.contains("<vector_") {
                    let isTableEntry = function.hasSuffix("TW>:") || function.hasSuffix("TWTm>:")
                    #expect(isTableEntry, "\(object.lastPathComponent): \(function) \(line)")
                }
            }
        }
    }

    /// Whether an instruction is beyond x86-64: mnemonics of AVX and later (VEX and EVEX) begin with v; the others are
    /// those of BMI and its neighbours on integers.
    private func isWide(_ instruction: String) -> Bool {
        let fields = instruction.split(whereSeparator: \.isWhitespace)
        guard fields.count > 1, fields[0].hasSuffix(":") else { return false }
        let integer = [
            "andn", "bextr", "bls", "bzhi", "lzcnt", "movbe", "mulx", "pdep", "pext", "rorx", "sarx", "shlx", "shrx",
        ]
        return fields[1].hasPrefix("v") || integer.contains { fields[1].hasPrefix($0) }
    }

    private func objectFiles(of target: String) throws -> [URL] {
        // The test bundle is in the build folder, as the targets' own folders are.
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
        if let bundle { folder = URL(fileURLWithPath: bundle).deletingLastPathComponent() }
        let build = folder.appendingPathComponent("\(target).build")
        let objects = try FileManager.default.contentsOfDirectory(at: build, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "o" }
        try #require(!objects.isEmpty, "no object files of \(target) beside the tests")
        return objects
    }

    /// Returns the names of weak symbols in code sections (`W`; `V` are data).
    private func weakCode(in object: URL) throws -> [String] {
        try run("nm", "--defined-only", object.path).split(separator: "\n").filter { $0.contains(" W ") }
            .compactMap { $0.split(separator: " ").last }.map(String.init)
    }

    private func instructions(of symbol: String, in object: URL) throws -> [String] {
        try run("objdump", "--disassemble=\(symbol)", "--no-show-raw-insn", object.path).split(separator: "\n")
            .map(String.init)
    }

    /// Returns the output of a program of binutils.
    private func run(_ arguments: String...) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(arguments)")
        return text
    }
}
