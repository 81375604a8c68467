import CommandSupport
import Foundation
import Testing

@Suite("Twelve tasks", .serialized)
struct TaskTests {
    private struct Task: Equatable {
        let number: String
        let question: String
        let command: String
    }

    private static let script = project.appending(path: "Tests/tasks").path

    private func listed(_ commands: Commands) throws -> [Task] {
        let outcome = try commands.run(words: [Self.script, "--list"])
        try #require(outcome.status == 0, "\(outcome.errors)")
        return outcome.output.split(separator: "\n").map { line in
            let cells = line.split(separator: "\t").map(String.init)
            return Task(number: cells[0], question: cells[1], command: cells[2])
        }
    }

    /// Headings that begin with a number, each with the first command below it.
    private func documented() throws -> [Task] {
        let page = try String(contentsOf: project.appending(path: "docs/tasks.md"), encoding: .utf8)
        return page.split(separator: "\n## ").dropFirst().map { section in
            let lines = section.split(separator: "\n")
            let heading = lines[0].split(separator: " ", maxSplits: 1)
            let command = lines.drop { $0 != "```sh" }.dropFirst().first ?? ""
            return Task(
                number: String(heading[0].dropLast()), question: String(heading[1]), command: String(command))
        }
    }

    @Test("the page of tasks shows the questions and commands that its script runs")
    func page() throws {
        let tasks = try listed(Commands())
        #expect(try documented() == tasks)
        #expect(tasks.map(\.number) == tasks.indices.map { "\($0 + 1)" })
    }

    @Test("each of the twelve tasks is done on a folder of 300 photographs")
    func tasks() throws {
        let commands = try Commands()
        try DrawnPhotographs.write([150, 100, 50], to: commands.folder + "/photos", side: 32)
        let binary = URL(filePath: try Commands.binary())
        // The program is on the PATH, as a user has it.
        let tools = commands.folder + "/bin"
        try FileManager.default.createDirectory(atPath: tools, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            at: URL(filePath: tools + "/cnn-train"), withDestinationURL: binary)
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        for task in try listed(commands) {
            let outcome = try commands.run(
                words: [Self.script, task.number],
                environment: ["PATH": "\(tools):\(path)", "TASK_TIME": "5s"])
            #expect(outcome.status == 0, "\(task.question)\n\(outcome.output)\n\(outcome.errors)")
        }
    }
}
