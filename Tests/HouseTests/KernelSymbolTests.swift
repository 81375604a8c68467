import Foundation
import Testing

@Suite struct KernelSymbolTests {
    /// A weak symbol may be shared between modules by the linker. Were one that all modules emit, compiled for AVX-512
    /// here, chosen for everyone, the program would crash on a CPU without it.
    @Test("no code under a shared name has instructions beyond x86-64", arguments: ["KernelsAVX512", "KernelsAVX2"])
    func noWideCodeLeaks(target: String) throws {
        for object in try objectFiles(of: target) {
            for symbol in try weakCode(in: object) where !symbol.contains(target) {
                let wide = try instructions(of: symbol, in: object).filter(isWide)
                #expect(wide.isEmpty, "\(symbol) in \(object.lastPathComponent)")
            }
        }
    }

    @Test("the kernels themselves have such instructions: the check above sees them")
    func kernelsAreWide() throws {
        let object = try #require(
            objectFiles(of: "KernelsAVX2").first { $0.lastPathComponent.hasPrefix("Convolution") })
        let all = try run("objdump", "--disassemble", "--no-show-raw-insn", object.path).split(separator: "\n")
        #expect(all.map(String.init).contains(where: isWide))
    }

    /// How a call passes a vector depends on the instruction set, and costs more than the operation. Debug builds keep
    /// the entries of protocols' tables (`TW`, merged `TWTm`), which nothing calls: those may.
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

    /// Mnemonics of AVX and later (VEX and EVEX) begin with v; the rest is what BMI and its neighbours add to integers.
    private func isWide(_ instruction: String) -> Bool {
        let fields = instruction.split(whereSeparator: \.isWhitespace)
        guard fields.count > 1, fields[0].hasSuffix(":") else { return false }
        let integer = [
            "andn", "bextr", "bls", "bzhi", "lzcnt", "movbe", "mulx", "pdep", "pext", "rorx", "sarx", "shlx", "shrx",
        ]
        return fields[1].hasPrefix("v") || integer.contains { fields[1].hasPrefix($0) }
    }

    private func objectFiles(of target: String) throws -> [URL] {
        // The test bundle lies in the build folder, as the targets' own folders do.
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

    /// Names of weak symbols in code sections (`W`; `V` are data).
    private func weakCode(in object: URL) throws -> [String] {
        try run("nm", "--defined-only", object.path).split(separator: "\n").filter { $0.contains(" W ") }
            .compactMap { $0.split(separator: " ").last }.map(String.init)
    }

    private func instructions(of symbol: String, in object: URL) throws -> [String] {
        try run("objdump", "--disassemble=\(symbol)", "--no-show-raw-insn", object.path).split(separator: "\n")
            .map(String.init)
    }

    /// What a program of binutils prints.
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
