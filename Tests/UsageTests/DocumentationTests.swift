import CommandSupport
import Foundation
import Testing

@testable import cnn_train

/// A command line of `cnn-train` in a fenced block of README.md or a page of docs/.
struct DocumentedCommand: CustomTestStringConvertible, Sendable {
    let place: String
    let arguments: [String]

    var testDescription: String { "\(place): cnn-train \(arguments.joined(separator: " "))" }

    /// The commands of all pages, in their order.
    static let all: [DocumentedCommand] = pages.flatMap(commands)

    static let pages: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: project.appending(path: "docs").path)) ?? []
        return ["README.md"] + names.filter { $0.hasSuffix(".md") }.sorted().map { "docs/" + $0 }
    }()

    private static func commands(of page: String) -> [DocumentedCommand] {
        let text = (try? String(contentsOf: project.appending(path: page), encoding: .utf8)) ?? ""
        var isFenced = false
        var pending = ""
        var found: [DocumentedCommand] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("```") {
                isFenced.toggle()
                continue
            }
            guard isFenced else { continue }
            pending += line
            if pending.hasSuffix("\\") {
                pending.removeLast()
                continue
            }
            if let arguments = arguments(of: words(of: pending)) {
                found.append(DocumentedCommand(place: "\(page):\(number + 1)", arguments: arguments))
            }
            pending = ""
        }
        return found
    }

    /// Returns the arguments of `cnn-train`, by itself or behind mpirun or srun; nil for other commands.
    private static func arguments(of words: [String]) -> [String]? {
        guard let first = words.first, ["cnn-train", "mpirun", "srun"].contains(first),
            let program = words.firstIndex(of: "cnn-train")
        else { return nil }
        return Array(words[(program + 1)...])
    }

    /// Returns the words of the first command of a line as a shell splits it, up to a comment, a pipe or a redirection.
    /// A variable in quotes is one word; without quotes it may be any number of words, and is left out.
    static func words(of line: String) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        func end() {
            if let word, !word.hasPrefix("$") || word.count == 1 { words.append(word.replacing("\u{0}", with: "")) }
            word = nil
        }
        for character in line {
            if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else {
                switch character {
                case "'", "\"":
                    quote = character
                    // This way a variable in quotes does not begin the word.
                    word = (word ?? "") + "\u{0}"
                case " ", "\t": end()
                case "#" where word == nil: return words
                case ">", "<", "|", "&", ";":
                    end()
                    return words
                default: word = (word ?? "") + String(character)
                }
            }
        }
        end()
        return words
    }
}

@Suite("Documentation") struct DocumentationTests {
    @Test("every command line in the documentation is one that the program accepts", arguments: DocumentedCommand.all)
    func commands(command: DocumentedCommand) throws {
        try parse(command.arguments)
    }

    /// Throws where the program would refuse the arguments.
    private func parse(_ arguments: [String]) throws {
        let command = try Main.parse(LaunchCommand.expanding(arguments))
        guard let launch = command as? LaunchCommand else { return }
        let launched = Array(launch.command.drop { $0 == "--" })
        try #require(!launched.isEmpty)
        try parse(launched)
    }

    @Test("the manifest for Kubernetes starts a command that the program accepts")
    func manifest() throws {
        let text = try String(contentsOf: project.appending(path: "launch/mpijob.yaml"), encoding: .utf8)
        let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        let arguments = lines.drop { $0 != "args:" }.dropFirst().prefix { $0.hasPrefix("- ") }
        let words = arguments.map { String($0.dropFirst(2)) }
        #expect(words.first == "launch")
        try parse(words)
    }

    @Test("an unknown flag or value in a command line is found")
    func mistakes() throws {
        let lines = [
            "train --modle lenet", "launch -n 2 train --epochs many", "--model lenet …", "checkpoint verfy a",
        ]
        for line in lines {
            let words = DocumentedCommand.words(of: line)
            #expect(throws: (any Error).self, "\(line)") { try parse(words) }
        }
    }

    @Test("command lines are split as a shell splits them")
    func words() {
        let lines: [(String, [String])] = [
            ("  cnn-train --model lenet   # one", ["cnn-train", "--model", "lenet"]),
            ("cnn-train bench --json >node.json", ["cnn-train", "bench", "--json"]),
            ("mpirun cnn-train --resume & run=$!", ["mpirun", "cnn-train", "--resume"]),
            ("cnn-train --output \"a b\" $way 'c'\"$d\"", ["cnn-train", "--output", "a b", "c$d"]),
        ]
        for (line, expected) in lines { #expect(DocumentedCommand.words(of: line) == expected) }
    }

    @Test("the README shows command lines on its first screen, and one for each subcommand")
    func coverage() throws {
        #expect(DocumentedCommand.all.count { $0.place.hasPrefix("README.md") } >= 3)
        let shown = Set(DocumentedCommand.all.compactMap(\.arguments.first))
        for name in try #require(try Help.all().command.subcommands).map(\.commandName) {
            #expect(
                shown.contains(name) || ["help", "host-agent", "host-shell", "options"].contains(name),
                "no page shows cnn-train \(name)")
        }
    }

    @Test("the speeds beside PyTorch on the README's first screen are those of the performance report")
    func speeds() throws {
        let report = try rows("docs/performance.md")
        // The columns are image, batch, both speeds, their ratio; the report has the fraction of the peak before the
        // memory.
        let shown = try rows("README.md").filter { $0.count == 8 && number($0[5]) != nil }
        #expect(shown.count == 12)
        for row in shown {
            let reported = report.first { $0.count == 9 && $0[0].split(separator: " ").first == row[0][...] }
            let speeds = reported.map { ($0[1...5] + $0[7...8]).map(number) }
            #expect(speeds == row[1...].map(number), "\(row[0])")
        }
    }

    /// Reads `101,800` or `1.018e+05`.
    private func number(_ text: String) -> Double? { Double(text.replacing(",", with: "")) }

    /// Returns the cells of a page's tables, row by row.
    private func rows(_ page: String) throws -> [[String]] {
        try String(contentsOf: project.appending(path: page), encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("| ") }
            .map { $0.dropFirst().dropLast().split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } }
    }

    @Test("links lead to existing files", arguments: DocumentedCommand.pages)
    func links(page: String) throws {
        let text = try String(contentsOf: project.appending(path: page), encoding: .utf8)
        let folder = project.appending(path: page).deletingLastPathComponent()
        for match in text.matches(of: /\]\(([^)]+)\)/) {
            let parts = match.1.split(separator: "#", omittingEmptySubsequences: false)
            guard !match.1.contains("://"), let path = parts.first else { continue }
            let target = path.isEmpty ? project.appending(path: page) : folder.appending(path: String(path))
            #expect(FileManager.default.fileExists(atPath: target.path), "\(page) links to \(match.1)")
            guard parts.count == 2, target.pathExtension == "md" else { continue }
            let headings = try String(contentsOf: target, encoding: .utf8).split(separator: "\n")
                .filter { $0.hasPrefix("#") }.map(anchor)
            #expect(headings.contains(String(parts[1])), "\(page) links to \(match.1)")
        }
    }

    /// Returns a heading as links name it: lower case, dashes for spaces, no punctuation.
    private func anchor(_ heading: Substring) -> String {
        String(
            heading.drop { $0 == "#" || $0 == " " }.lowercased()
                .compactMap { $0 == " " ? "-" : ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" ? $0 : nil) })
    }
}
