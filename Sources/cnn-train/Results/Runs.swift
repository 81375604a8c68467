import ArgumentParser
import Files
import Reports
import Runs
import Terminal
import Training

/// `cnn-train runs`: the results of runs, in the terminal.
struct RunsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "Lists, compares and searches runs.",
        subcommands: [List.self, Compare.self, Query.self])

    /// `cnn-train runs list`
    struct List: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists the runs in a folder: what they train, and what they have reached.")

        @Argument(help: ArgumentHelp("Where runs are looked for.", valueName: "folder"), transform: userPath)
        var folder = "runs"
        @Flag(help: "Prints a JSON array.") var json = false

        func run() throws {
            try show(try RunsCommand.runs(below: folder), RunColumn.usual, json: json, where: folder)
        }
    }

    /// `cnn-train runs query`
    struct Query: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "query", abstract: "Lists the runs of which conditions hold.",
            discussion: """
                A condition is a name, one of = != > >= < <= ~ (contains), and a value, such as accuracy>0.9, \
                best_accuracy>=90%, model=lenet or data~mnist. Names are the columns of the list and every key of a \
                recipe, such as optimizer=adamw. All conditions must hold.
                """)

        @Argument(
            help: ArgumentHelp("Conditions; quote them, for a shell reads < and > itself.", valueName: "conditions"))
        var conditions: [String] = []
        @Option(
            name: .customLong("in"), help: ArgumentHelp("Where runs are looked for.", valueName: "folder"),
            transform: userPath)
        var folder = "runs"
        @Option(
            parsing: .unconditional,
            help: ArgumentHelp(
                "Sorts by this column; with a minus before it the other way around.", valueName: "column"))
        var sort: String?
        @Option(help: ArgumentHelp("The columns to show, separated by commas.", valueName: "columns"))
        var columns: String?
        @Flag(help: "Prints a JSON array.") var json = false

        func run() throws {
            let query = try RunQuery(conditions.joined(separator: " "))
            let columns = try columns?.split(separator: ",").map { name throws(ReportError) in
                try RunColumn.named(String(name), keys: RunQuery.keys)
            }
            var runs = try RunsCommand.runs(below: folder).filter(query.holds)
            if let sort { runs = try RunQuery.sorted(runs, by: sort) }
            try show(runs, columns ?? RunColumn.usual, json: json, where: folder)
        }
    }

    /// `cnn-train runs compare`
    struct Compare: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "compare", abstract: "Shows runs side by side: their numbers, and where their recipes differ.")

        @Argument(help: ArgumentHelp("Runs' OUTPUT folders.", valueName: "run"), transform: userPath)
        var runs: [String]
        @Flag(help: "Prints one JSON object.") var json = false

        func run() throws {
            let histories = try runs.map { try RunHistory(folder: RunFolder(path: $0)) }
            for history in histories { tell(history.notes.map { "\(history.folder.path): \($0)" }) }
            let comparison = RunComparison(histories)
            if json {
                let report = Report(runs: histories.map { RunSummary($0) }, recipe: comparison.recipe)
                return print(try JSONText(report).text)
            }
            print(table([[""] + comparison.names] + comparison.numbers.map { [$0.name] + $0.values }))
            print()
            if comparison.recipe.isEmpty { return print("The recipes are the same.") }
            print("Recipes differ in")
            print(table(comparison.recipe.map { [$0.name] + $0.values }))
        }

        private struct Report: Encodable {
            let runs: [RunSummary]
            /// The keys with different values, with a value for each run.
            let recipe: [RunComparison.Row]
        }
    }

    fileprivate static func runs(below folder: String) throws -> [RunSummary] {
        guard isFolder(folder) else {
            throw ValidationError("\(folder) is no folder; name the one that runs lie in")
        }
        // A run that has just begun may be without a file yet.
        return RunFinder.runs(below: folder).compactMap { try? RunHistory(folder: $0) }.map { RunSummary($0) }
    }
}

private func show(_ runs: [RunSummary], _ columns: [RunColumn], json: Bool, where folder: String) throws {
    if json { return print(try JSONText(runs).text) }
    guard !runs.isEmpty else { return print("no such run in \(folder.visible)") }
    print(table([columns.map(\.name)] + runs.map { run in columns.map { $0.text(of: run) } }))
}

private func table(_ rows: [[String]]) -> String {
    Wording.table(rows.map { $0.map(\.visible) }, leading: 1, endsInWords: false)
}
