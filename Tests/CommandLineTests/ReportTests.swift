import CommandSupport
import Foundation
import Testing

/// Tests of the files that runs leave for people, and of the commands that show them.
@Suite("Reports") struct ReportTests {
    /// Two short runs, `runs/a` and `runs/b`.
    private func trained() throws -> Commands {
        let commands = try Commands()
        let data = try commands.tinyData()
        for (name, rate) in [("a", "0.1"), ("b", "0.2")] {
            let outcome = try commands.run(
                "--model", "lenet", "--data", data, "--batch-size", "16", "--epochs", "2", "--log-every", "1", "--lr",
                rate,
                "--output", "runs/\(name)")
            try #require(outcome.status == 0, "\(outcome.errors)")
        }
        return commands
    }

    private func text(_ file: String, of commands: Commands) throws -> String {
        try String(contentsOfFile: commands.folder + "/" + file, encoding: .utf8)
    }

    @Test("a run leaves a report of itself, and other commands show, compare, find and export runs")
    func everything() throws {
        let commands = try trained()
        let page = try text("runs/a/report.html", of: commands)
        #expect(page.contains("finished") && page.contains("data-name=\"training\""))
        #expect(page.contains("Conv2d"), "the network's layers")

        let made = try commands.run("report", "runs/a", "--output", "a.html")
        #expect(made.status == 0 && made.output == "a.html\n")
        #expect(try text("a.html", of: commands) == page)

        #expect(try commands.run("report", "runs/a", "runs/b").output == "comparison.html\n")
        #expect(try text("comparison.html", of: commands).contains("<h1>2 runs</h1>"))

        let plots = try commands.run("report", "runs/a", "--plots", "figures")
        #expect(plots.output.contains("figures/loss.svg\n"))
        #expect(try text("figures/loss.svg", of: commands).hasPrefix("<svg "))

        let listed = try commands.run("runs", "list")
        #expect(listed.output.split(separator: "\n").count == 3 && listed.output.contains("lenet"))
        let compared = try commands.run("runs", "compare", "runs/a", "runs/b")
        #expect(compared.output.contains("Recipes differ in\nlr  0.1  0.2\n"), "\(compared.output)")
        let found = try commands.run("runs", "query", "lr>0.15 model=lenet", "--columns", "name,lr")
        #expect(found.output == "name   lr\nb     0.2\n", "\(found.output)")
        let none = try commands.run("runs", "query", "lr>1")
        #expect(none.status == 0 && none.output == "no such run in runs\n")

        let csv = try commands.run("metrics", "export", "runs/a", "--csv", "--kind", "evaluation")
        #expect(csv.output.split(separator: "\n").count == 3 && csv.output.hasPrefix("epoch,step,"))
    }

    @Test("JSON of lists and comparisons is one value that names every run")
    func json() throws {
        let commands = try trained()
        for arguments in [["runs", "list", "--json"], ["runs", "query", "epochs=2", "--sort", "-name", "--json"]] {
            let output = try commands.run(arguments).output
            let runs = try #require(JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[String: Any]])
            #expect(Set(runs.compactMap { $0["path"] as? String }) == ["runs/a", "runs/b"])
            #expect(runs.allSatisfy { $0["accuracy"] is Double && $0["state"] as? String == "finished" })
        }
        let output = try commands.run("runs", "compare", "runs/a", "runs/b", "--json").output
        let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
        #expect((object?["runs"] as? [Any])?.count == 2)
        #expect((object?["recipe"] as? [[String: Any]])?.first?["name"] as? String == "lr")
    }

    @Test("a run that is told so writes no report")
    func none() throws {
        let commands = try Commands()
        let outcome = try commands.run(
            "--model", "lenet", "--data", try commands.tinyData(), "--epochs", "1", "--report", "none", "--output", "a")
        #expect(outcome.status == 0)
        #expect(!FileManager.default.fileExists(atPath: commands.folder + "/a/report.html"))
    }

    @Test(
        "runs that cannot be shown are refused in one line that says what to do",
        arguments: [
            (["report", "nowhere"], "nowhere: there is no run here"),
            (["runs", "list", "nowhere"], "nowhere is no folder"),
            (["runs", "query", "size>3", "--in", "."], "there is no column size"),
            (["metrics", "export", "nowhere"], "there is no run here"),
        ])
    func mistakes(arguments: [String], words: String) throws {
        let outcome = try Commands().run(arguments)
        #expect(outcome.status != 0)
        #expect(outcome.complaints.count == 1 && outcome.errors.contains(words), "\(outcome.errors)")
    }
}
