import CommandSupport
import Foundation
import Testing

/// Commands that take a while, on terminals that are narrow, cannot move the cursor or want no colours, and with output
/// to no terminal.
@Suite("Long commands on a terminal", .serialized)
final class LongCommandTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    /// A command that takes a while.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let line: String
        /// The words at the beginning of its bar.
        let title: String
        /// Whether it is made to pause on its way: a fast machine would be done before a bar is due, a tenth of a
        /// second after the beginning.
        var standsStill = false
        /// Makes the files that it works on.
        let prepare: @Sendable (LongCommandTests) throws -> Void

        /// Returns the shell script that runs it.
        ///
        /// - Parameter redirection: the redirection of its output.
        func script(_ redirection: String = "") -> String {
            let command = "\"$BINARY\" \(line) \(redirection)"
            guard standsStill else { return command }
            // Again and again: nobody knows at what instant a loaded machine begins with the work.
            let pauses = "while kill -STOP $!; do sleep 0.15; kill -CONT $!; sleep 0.005; done 2>&-"
            return "\(command) & \(pauses); wait $!"
        }
    }

    static let cases = [
        Case(testDescription: "data verify", line: "data verify photos --threads 1", title: "decoding") {
            try $0.makePhotos(160, side: 384)
        },
        Case(testDescription: "data stats", line: "data stats photos --threads 1", title: "measuring") {
            try $0.makePhotos(160, side: 384)
        },
        Case(
            testDescription: "data pack", line: "data pack photos packed.$$ --size 64 --threads 1", title: "packing"
        ) { try $0.makePhotos(160, side: 384) },
        Case(testDescription: "evaluate", line: "evaluate --checkpoint run --threads 1", title: "evaluation") {
            try $0.train()
        },
        Case(
            testDescription: "predict", line: "predict --checkpoint run photos/val/a --threads 1", title: "looking"
        ) { try $0.train() },
        Case(
            testDescription: "bench", line: "bench --model lenet --batch-size 64 --steps 300 --threads 1",
            title: "measuring"
        ) { _ in },
        Case(
            testDescription: "the listing of a folder", line: "data inspect many", title: "listing files",
            standsStill: true
        ) { try $0.makeMany() },
        Case(
            testDescription: "the index of a tar file", line: "data inspect many.tar", title: "listing files",
            standsStill: true
        ) { try $0.makeMany() },
    ]

    /// Makes copies of a photograph under many names.
    private func makePhotos(_ count: Int, side: Int) throws {
        let files = FileManager.default
        let photograph = URL(filePath: commands.folder + "/one.png")
        try Data(DrawnPhotographs.png(of: 1, number: 1, side: side)).write(to: photograph)
        for folder in ["train/a", "train/b", "val/a", "val/b"] {
            let place = URL(filePath: "\(commands.folder)/photos/\(folder)")
            try files.createDirectory(at: place, withIntermediateDirectories: true)
            for number in 0..<count / 4 {
                try files.linkItem(at: photograph, to: place.appending(path: "\(number).png"))
            }
        }
    }

    /// Trains for one step, for a checkpoint.
    private func train() throws {
        try makePhotos(1200, side: 32)
        let outcome = try commands.run(
            "--model", "resnet18", "--image-size", "32", "--data", "photos", "--batch-size", "8", "--steps", "1",
            "--threads", "1", "--output", "run")
        try #require(outcome.status == 0, "\(outcome.errors)")
    }

    /// Makes files with pictures' names that are not pictures, in a folder and in a tar file.
    private func makeMany() throws {
        let made = try commands.run(
            script: """
                mkdir -p many/train/a many/train/b many/val/a many/val/b
                for name in train/a train/b val/a val/b; do
                    (cd many/$name && seq 10000 | sed 's/$/.jpg/' | xargs touch)
                done
                tar -cf many.tar -C many train val
                """)
        try #require(made.status == 0, "\(made.errors)")
    }

    private func isPlain(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" || $0 == "\t" }
    }

    @Test(
        "a bar is shown on every terminal that can move its cursor, and nothing of it anywhere else",
        arguments: cases)
    func shown(subject: Case) throws {
        try subject.prepare(self)
        try checkNarrow(subject)
        try checkResized(subject)
        try checkPlain(subject)
        try checkResults(subject)
    }

    /// Checks the bar in 40 columns.
    private func checkNarrow(_ subject: Case) throws {
        let seen = try commands.run(
            script: subject.script(), on: try PseudoTerminal(columns: 40))
        #expect(seen.status == 0, "\(seen.text)")
        let screen = Screen(seen.text)
        #expect(screen.odd.isEmpty, "\(screen.odd)")
        #expect(screen.drawings.contains { $0.hasPrefix(subject.title) }, "\(seen.text)")
        #expect(screen.drawings.allSatisfy { $0.count < 40 }, "\(screen.drawings)")
        #expect(screen.lines.allSatisfy { !$0.hasPrefix(subject.title + " ") })
        #expect(screen.lines.last?.isEmpty == true)
    }

    /// Checks the bar in a window that is made narrow meanwhile.
    private func checkResized(_ subject: Case) throws {
        let terminal = try PseudoTerminal(columns: 120)
        var place: String.Index?
        let seen = try commands.run(script: subject.script(), on: terminal) {
            guard place == nil, case let text = terminal.text, text.contains(subject.title + " ") else { return }
            terminal.resize(columns: 24)
            place = text.endIndex
        }
        let split = try #require(place, "no bar was drawn: \(seen.text)")
        let screen = Screen(String(seen.text[split...]))
        // The bar that was being drawn may be as wide as before.
        #expect(screen.drawings.dropFirst().allSatisfy { $0.count < 24 }, "\(screen.drawings)")
        #expect(seen.status == 0 && screen.odd.isEmpty && screen.lines.last?.isEmpty == true)
    }

    /// Checks that there is no control character where the cursor cannot be moved, nor in files and pipes.
    private func checkPlain(_ subject: Case) throws {
        let command = "\"$BINARY\" \(subject.line)"
        let dumb = try commands.run(
            script: command, on: try PseudoTerminal(columns: 40), environment: ["TERM": "dumb"])
        #expect(dumb.status == 0 && isPlain(dumb.text.replacing("\r\n", with: "\n")), "\(dumb.text)")
        for redirection in [">all 2>&1", "2>&1 | cat >all"] {
            let seen = try commands.run(script: "\(command) \(redirection)", on: try PseudoTerminal(columns: 40))
            #expect(seen.text.isEmpty)
            let all = try String(contentsOfFile: commands.folder + "/all", encoding: .utf8)
            #expect(isPlain(all) && !all.isEmpty && !all.contains(subject.title + " "), "\(all.prefix(2000))")
        }
    }

    /// Checks that a bar has no colours for a user who wants none, and that results in a file are plain.
    private func checkResults(_ subject: Case) throws {
        let seen = try commands.run(
            script: subject.script(">results"), on: try PseudoTerminal(columns: 40),
            environment: ["NO_COLOR": "1"])
        let screen = Screen(seen.text)
        #expect(seen.status == 0 && screen.odd.isEmpty && !screen.isColoured)
        #expect(screen.drawings.contains { $0.hasPrefix(subject.title) }, "\(seen.text)")
        let results = try String(contentsOfFile: commands.folder + "/results", encoding: .utf8)
        #expect(isPlain(results) && !results.isEmpty)
    }

    @Test("a measurement with images shows a bar while it reads them too")
    func measuringImages() throws {
        try makePhotos(64, side: 64)
        let line = "bench --model lenet --image-size 64 --batch-size 16 --steps 3 --threads 1 --data photos"
        let seen = try commands.run(script: "\"$BINARY\" \(line)", on: try PseudoTerminal(columns: 40))
        #expect(seen.status == 0, "\(seen.text)")
        let bars = Screen(seen.text).drawings.filter { $0.hasPrefix("measuring") }
        #expect(bars.contains { $0.firstMatch(of: /\/\d+/).map { $0.0 != "/3" } ?? false }, "\(bars)")
        #expect(bars.allSatisfy { $0.count < 40 })
    }
}
