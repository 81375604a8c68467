import ArgumentParser
import Files
import Reports
import Runs
import Terminal

/// `cnn-train metrics`: a run's numbers for other programs.
struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Gives a run's numbers to other programs.", subcommands: [Export.self])

    /// `cnn-train metrics export`
    struct Export: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "Prints lines of a run's metrics.jsonl as comma-separated values.",
            discussion: "Numbers keep every digit. Norms have a row for each group of layers.")

        @Argument(help: ArgumentHelp("A run's OUTPUT folder.", valueName: "run"), transform: userPath)
        var path: String
        @Option(
            help: ArgumentHelp(
                "The kind of lines: train, evaluation, averaged_evaluation, augmented_evaluation, final, norms, time.",
                valueName: "kind"))
        var kind = "train"
        @Flag(help: "Comma-separated values (RFC 4180), which is what it prints anyway.") var csv = false
        @Option(
            name: [.short, .long], help: ArgumentHelp("The file to write instead.", valueName: "file.csv"),
            transform: userPath)
        var output: String?

        func run() throws {
            let text = try MetricsTable(of: RunFolder(path: path), kind: kind).csv
            if let output { return try ChartFiles.save(text, to: output) }
            print(String(text.dropLast()))
        }
    }
}
