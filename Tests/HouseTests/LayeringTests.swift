import Foundation
import Testing

/// The targets from the lowest up. A file may import targets below its own, never above.
private let targets = [
    "Machine", "Files", "Terminal", "Tensors", "KernelInterface", "KernelsBaseline", "KernelsAVX2", "KernelsAVX512",
    "Kernels",
    "Networks",
    "Graphs",
    "Compiler", "Engine",
    "Collectives", "Planning", "Pickles", "Datasets", "Checkpoints", "Exports", "Recipes", "Runs", "Reports",
    "TensorBoard", "Status", "Launching", "Fitness", "Training", "cnn-train",
]

private let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

@Suite struct LayeringTests {
    @Test("imports point down", arguments: targets)
    func importsPointDown(target: String) throws {
        let height = try #require(targets.firstIndex(of: target))
        for file in try swiftFiles(in: target) {
            for module in try importedModules(of: file) {
                guard let other = targets.firstIndex(of: module) else { continue }
                #expect(other < height, "\(file.lastPathComponent) of \(target) imports \(module)")
            }
        }
    }

    @Test(
        "kernels import nothing but their interface and inlined C: other code could leak wide instructions"
    )
    func kernelsStandAlone() throws {
        for file in try swiftFiles(in: "KernelBody") {
            #expect(
                try importedModules(of: file).allSatisfy { ["CMachine", "CVectors", "KernelInterface"].contains($0) },
                "\(file.lastPathComponent)")
        }
    }

    @Test("sources neither trap nor force", arguments: targets + ["KernelBody"])
    func sourcesNeitherTrapNorForce(target: String) throws {
        for file in try swiftFiles(in: target) {
            for (number, line) in try String(contentsOf: file, encoding: .utf8).split(separator: "\n").enumerated() {
                #expect(!forces(line), "\(file.lastPathComponent):\(number + 1): \(line)")
            }
        }
    }

    @Test(
        "a forced unwrap, cast or try is told from what only looks like one",
        arguments: [
            ("let a = b!", true), ("f(b!.c)", true), ("x[0]! + 1", true), ("g()!", true), ("try! f()", true),
            ("a as! B", true), ("fatalError()", true), ("if a != b {", false), ("if !a {", false), ("f(!a)", false),
            ("// never b!", false), ("x = y ?? z", false),
        ])
    func forced(line: String, isForced: Bool) {
        #expect(forces(line) == isForced)
    }

    /// Whether a line of code ends the program where a value is missing or an error is thrown.
    private func forces(_ line: some StringProtocol) -> Bool {
        guard !line.contains("//") else { return false }
        if ["fatalError", "try!", "as!"].contains(where: { line.contains($0) }) { return true }
        // What is unwrapped ends in a name, a bracket or a call, and no comparison follows.
        return String(line).contains(/[\w)\]]!(?!=)/)
    }

    @Test(
        "what people read goes through Terminal: no terminal obeys it, and no reader that leaves ends the program",
        arguments: targets)
    func wordsGoThroughTerminal(target: String) throws {
        for file in try swiftFiles(in: target) {
            for (number, line) in try String(contentsOf: file, encoding: .utf8).split(separator: "\n").enumerated() {
                for word in ["localizedDescription", "FileHandle.standard", "Swift.print", "fputs", "debugPrint"] {
                    #expect(!line.contains(word), "\(file.lastPathComponent):\(number + 1): \(word)")
                }
            }
        }
    }

    private func swiftFiles(in target: String) throws -> [URL] {
        let folder = package.appendingPathComponent("Sources/\(target)")
        let contents = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        let files = (contents?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
        try #require(!files.isEmpty, "no files in Sources/\(target)")
        return files
    }

    private func importedModules(of file: URL) throws -> [String] {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"), place <= 1, words.count > place + 1 else { return nil }
            return String(words[place + 1])
        }
    }
}
