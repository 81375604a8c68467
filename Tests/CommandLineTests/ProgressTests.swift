import CommandSupport
import Foundation
import Testing

/// Tests of the progress that a person sees of a run, and of what files and pipes get of it.
@Suite("Progress on a terminal", .serialized)
struct ProgressTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    /// Steps enough that a bar is drawn some times: some tenths of a second.
    private func training(_ more: String = "", output: String = "run") throws -> String {
        "\"$BINARY\" --model lenet --data '\(try commands.tinyData(train: 3000, test: 200))' --batch-size 16 "
            + "--threads 1 --epochs 2 --checkpoint-every 1epoch --output \(output) \(more)"
    }

    /// Returns the digest of the parameters that a run ends with, by its metrics; nil where it has not come to its end.
    private func digest(_ output: String = "run") throws -> Substring? {
        let metrics = try String(contentsOfFile: "\(commands.folder)/\(output)/metrics.jsonl", encoding: .utf8)
        return metrics.firstMatch(of: /"parameters_sha256": "([0-9a-f]{64})"/)?.1
    }

    /// The lines of the log that tell of steps: epoch, step, loss, accuracy, …
    private func intervals(_ text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).map(String.init).filter {
            $0.firstMatch(of: /^ +\d+ +\d+ +\d+\.\d+ +\d+\.\d+%/) != nil
        }
    }

    private func isPlain(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" }
    }

    @Test(
        "a bar stands below a run's lines, no wider than the window, changes nothing and is gone at the end",
        arguments: [80, 40], ["", "1"])
    func bar(columns: Int, noColour: String) throws {
        let seen = try commands.run(
            script: try training(), on: try PseudoTerminal(columns: columns), environment: ["NO_COLOR": noColour])
        #expect(seen.status == 0, "\(seen.text)")
        let screen = Screen(seen.text)
        #expect(screen.odd.isEmpty)
        let bars = screen.drawings.filter { $0.contains("/188 ") }
        #expect(bars.count >= 2, "\(screen.drawings)")
        #expect(bars.allSatisfy { $0.count < columns }, "\(bars)")
        #expect(screen.isColoured == (noColour.isEmpty && screen.drawings.contains { $0.contains("━") }))
        // Nothing of it is left between the lines, and of the steps those that end an epoch.
        #expect(screen.lines.allSatisfy { !$0.contains("/188") }, "\(screen.lines)")
        #expect(intervals(screen.lines.joined(separator: "\n")).count == 2)
        #expect(screen.lines.contains { $0.hasPrefix("Test accuracy") } && screen.lines.last?.isEmpty == true)
        #expect(try commands.run(script: try training(output: "plain")).status == 0)
        #expect(try digest() != nil && digest() == digest("plain"))
    }

    @Test("a window that is made narrow during a run has a narrow bar from then on")
    func resized() throws {
        let terminal = try PseudoTerminal(columns: 120)
        var place: String.Index?
        let seen = try commands.run(script: try training(), on: terminal) {
            guard place == nil, case let text = terminal.text, text.contains("/188") else { return }
            terminal.resize(columns: 30)
            place = text.endIndex
        }
        #expect(seen.status == 0)
        let split = try #require(place, "no bar was drawn")
        let bars = Screen(String(seen.text[split...])).drawings.filter { $0.contains("/188") }
        // The one that was being drawn may be as wide as before.
        #expect(bars.count > 1 && bars.dropFirst().allSatisfy { $0.count < 30 }, "\(bars)")
        #expect(try digest() != nil)
    }

    @Test(
        "no control character comes where no bar belongs, and lines tell of the steps",
        arguments: [
            ("", "", ["TERM": "dumb"]), ("--progress bar", "", ["TERM": "dumb"]), ("", "2>/dev/null", [:]),
            ("--progress plain", "", [:]), ("--log-every 50", "2>&1 | cat", [:]),
        ] as [(String, String, [String: String])])
    func plain(flags: String, redirection: String, environment: [String: String]) throws {
        let seen = try commands.run(
            script: "\(try training(flags)) \(redirection)", on: try PseudoTerminal(columns: 80),
            environment: environment)
        #expect(seen.status == 0)
        #expect(isPlain(seen.text.replacing("\r\n", with: "\n")), "\(seen.text)")
        #expect(intervals(seen.text).count > 6)
        #expect(try digest() != nil)
    }

    @Test("without progress there are the lines that end epochs and no bar")
    func none() throws {
        let seen = try commands.run(script: try training("--progress none"), on: try PseudoTerminal(columns: 80))
        #expect(seen.status == 0 && isPlain(seen.text.replacing("\r\n", with: "\n")))
        #expect(intervals(seen.text).count == 2)
    }

    @Test(
        "a file and a pipe get all lines and no control character, while a person sees a bar",
        arguments: [">log", "| cat >log"])
    func redirected(redirection: String) throws {
        let seen = try commands.run(
            script: "set -o pipefail; \(try training()) \(redirection)", on: try PseudoTerminal(columns: 80))
        #expect(seen.status == 0)
        let log = try String(contentsOfFile: commands.folder + "/log", encoding: .utf8)
        #expect(isPlain(log) && intervals(log).count > 6, "\(log)")
        let screen = Screen(seen.text)
        #expect(screen.odd.isEmpty && screen.drawings.contains { $0.contains("/188") })
        #expect(screen.lines == [""])
    }

    @Test("a run whose reader leaves goes on to its end below a bar, and the warning stands above it")
    func head() throws {
        let seen = try commands.run(
            script: "{ \(try training()); echo \"code $?\" >&2; } | head -1 >/dev/null",
            on: try PseudoTerminal(columns: 80))
        let screen = Screen(seen.text)
        #expect(screen.odd.isEmpty)
        #expect(screen.lines.count { $0.contains("its reader has gone. Training goes on") } == 1, "\(screen.lines)")
        #expect(screen.lines.contains("code 0") && !screen.lines.contains { $0.contains("/188") })
        #expect(try digest() != nil)
    }

    @Test("ranks under mpirun draw no bar, whoever reads", arguments: ["", "| cat"])
    func ranks(redirection: String) throws {
        let seen = try commands.run(
            script: "set -o pipefail; mpirun -n 2 \(try training()) \(redirection)", on: try PseudoTerminal(columns: 80)
        )
        #expect(seen.status == 0, "\(seen.text)")
        #expect(isPlain(seen.text.replacing("\r\n", with: "\n")), "\(seen.text)")
        #expect(intervals(seen.text).count > 6)
        #expect(try digest() != nil)
    }
}
