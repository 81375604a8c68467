import ArgumentParser
import Files
import Reports
import Runs
import Terminal
import Training

/// `cnn-train report`: pages and pictures of finished or running runs.
struct ReportCommand: LocalCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Makes a page of a run, or one that compares several, or charts as files.")

    @Argument(help: ArgumentHelp("Runs' OUTPUT folders.", valueName: "run"), transform: userPath) var runs: [String]
    @Option(
        help: ArgumentHelp(
            "The page to write (default: RUN/report.html; of several runs comparison.html).", valueName: "file.html"),
        transform: userPath)
    var output: String?
    @Option(
        help: ArgumentHelp(
            "Writes each chart as a file into this folder, and no page.", valueName: "folder"),
        transform: userPath)
    var plots: String?
    @Option(help: "The charts' format; PNG needs Debian's libcairo2.") var format = ChartFiles.Format.svg

    func validate() throws {
        if plots != nil && output != nil { throw ValidationError("--plots writes no page: leave --output out") }
    }

    func run() throws {
        let histories = try runs.map { try RunHistory(folder: RunFolder(path: $0)) }
        for history in histories { tell(history.notes.map { "\(history.folder.path): \($0)" }) }
        if let plots {
            for path in try ChartFiles.write(histories, to: plots, as: format) { print(path.visible) }
        } else if histories.count == 1 {
            try write(RunPage(histories[0]).html(), to: output ?? histories[0].folder.report)
        } else {
            try write(ComparisonPage(histories).html, to: output ?? "comparison.html")
        }
    }

    private func write(_ page: String, to path: String) throws {
        try ChartFiles.save(page, to: path)
        print(path.visible)
    }
}

extension ChartFiles.Format: ExpressibleByArgument {}
