import CommandSupport
import Foundation
import Testing

/// launch/install, by the program that was built beside these tests.
@Suite("Installing", .serialized)
struct InstallTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    private var script: String { project.appending(path: "launch/install").path }

    private func install(_ arguments: String...) throws -> Outcome {
        try commands.run(words: [script] + arguments, environment: ["PROGRAM": try Commands.binary()])
    }

    /// All files below a folder, by their paths in it.
    private func files(below folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: commands.folder + "/" + folder).filter {
            var isFolder: ObjCBool = false
            let path = "\(commands.folder)/\(folder)/\($0)"
            return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
        }.sorted()
    }

    private static let places = [
        "bin/cnn-train", "share/bash-completion/completions/cnn-train",
        "share/fish/vendor_completions.d/cnn-train.fish", "share/man/man1/cnn-train.1.gz",
        "share/zsh/site-functions/_cnn-train",
    ]

    @Test("launch/install puts program, manual and completions below the prefix, and takes all of it away")
    func roundTrip() throws {
        for _ in 0..<2 {
            let outcome = try install("--prefix", "a b")
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(try files(below: "a b") == Self.places)
            #expect(outcome.errors.contains("is not on PATH"))
        }
        let version = try commands.run(words: ["a b/bin/cnn-train", "--version"])
        #expect(version.status == 0 && version.output.hasPrefix("cnn-train "))
        #expect(try install("--prefix", "a b", "--uninstall").status == 0)
        #expect(try files(below: "a b").isEmpty)
        let again = try install("--uninstall", "--prefix=a b")
        #expect(again.status == 1 && again.errors.contains("there is no cnn-train below"))
    }

    @Test("a folder that cannot be written and a word that it does not know are said")
    func mistakes() throws {
        let refused = try install("--prefix", "/dev/null/cnn-train")
        #expect(refused.status == 1 && refused.errors.contains("cannot be written"))
        #expect(try install("--perfix", "x").errors.contains("'--perfix' is no option"))
        #expect(try install("--prefix").errors.contains("--prefix takes a folder"))
    }

    private static func isInstalled(_ program: String) -> Bool {
        (try? Commands().shell("command -v \(program)").status) == 0
    }

    /// The shells that are installed; bash always is, as the tests need it themselves.
    private static let shells = ["bash"] + ["zsh", "fish"].filter(isInstalled)

    @Test("completions name every command that help names", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) throws {
        let script = try commands.run("--generate-completion-script", shell)
        #expect(script.status == 0)
        let shown = try Help.all().command.all.map(\.commandName).filter { !["host-agent", "host-shell"].contains($0) }
        #expect(shown.count > 20)
        for name in shown {
            let pattern = try Regex("(^|[^a-z-])\(name)([^a-z-]|$)")
            #expect(script.output.contains(pattern), "\(shell): \(name)")
        }
    }

    @Test("shells read their completions without complaint", arguments: shells)
    func readCompletions(shell: String) throws {
        let script = try commands.run("--generate-completion-script", shell)
        try commands.write(Array(script.output.utf8), to: "completion")
        let read = try commands.run(words: [shell, "-n", "completion"])
        #expect(read.status == 0, "\(read.errors)")
    }

    @Test("the page of the manual has every command")
    func manual() throws {
        let page = try commands.run(
            words: [project.appending(path: "launch/manual").path, try Commands.binary()])
        #expect(page.status == 0, "\(page.errors)")
        for command in try #require(try Help.all().command.subcommands).map(\.commandName) {
            let isHidden = ["host-agent", "host-shell", "options", "help"].contains(command)
            #expect(page.output.contains(".SH \"CNN-TRAIN \(command.uppercased())\"") != isHidden, "\(command)")
        }
        #expect(page.output.contains(".SH \"CNN-TRAIN DATA VERIFY\"") && page.output.contains(".B 75"))
    }

    @Test("man finds no mistake in the page of the manual", .enabled(if: isInstalled("man"), "man is not installed"))
    func readManual() throws {
        let page = try commands.run(
            words: [project.appending(path: "launch/manual").path, try Commands.binary()])
        try commands.write(Array(page.output.utf8), to: "page.1")
        let shown = try commands.run(
            words: ["man", "--warnings", "-l", "page.1"], environment: ["MANWIDTH": "100", "LC_ALL": "C.UTF-8"])
        // Lines as the program prints them may be wider than the page.
        let complaints = shown.errors.split(separator: "\n").filter { !$0.contains("can't break line") }
        #expect(shown.status == 0 && complaints.isEmpty, "\(shown.errors)")
        #expect(shown.output.contains("CNN-TRAIN(1)"))
    }
}
