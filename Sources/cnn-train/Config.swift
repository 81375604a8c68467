import ArgumentParser
import Files
import Foundation
import Recipes
import Runs
import Terminal
import Training

/// `cnn-train config`: the contents of files of recipes, without a run.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Shows, checks and compares recipes.",
        subcommands: [Show.self, Check.self, Diff.self, Schema.self])

    /// `cnn-train config show`
    struct Show: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Prints the recipe that files and flags make, and where each value is from.")

        @Argument(help: ArgumentHelp("Recipes in YAML; a later one wins.", valueName: "file.yaml"), transform: userPath)
        var files: [String] = []
        @OptionGroup var recipe: RecipeArguments
        @Flag(help: "Prints a JSON array.") var json = false

        func run() throws {
            let flags = try recipe.flags()
            let file = try recipe.file(files, under: flags)
            let values = try Recipe.resolve(file: file, flags: flags).overrides
            let origins = try Recipe.origins(file: file, flags: flags)
            let rows = RecipeKey.all.compactMap { key in
                key.print(values).map { value in
                    Row(key: key.name, value: value, from: words(for: origins[key.name] ?? .default, key))
                }
            }
            if json { return print(try JSONText(rows).text) }
            let lines = rows.map { "\($0.key): \($0.value)" }
            let width = min(lines.map(\.count).max() ?? 0, Self.widest)
            print(zip(lines, rows).map { $0.column(width, isLeading: true) + "  # \($1.from)" }.joined(separator: "\n"))
        }

        /// The column in which the last words begin at most; longer values push them on.
        private static let widest = 40

        private func words(for origin: RecipeOrigin, _ key: RecipeKey) -> String {
            switch origin {
            case .file(let path, let line): path.visible + (line.map { ":\($0)" } ?? "")
            case .flag: "--\(key.flag)"
            case .setting: "--set \(key.name)"
            case .default: "default"
            }
        }
    }

    /// `cnn-train config schema`
    struct Schema: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "schema", abstract: "Prints the JSON Schema of recipes, for editors.")

        func run() throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(RecipeSchema()), as: UTF8.self))
        }
    }

    /// A key's value in YAML.
    private struct Row: Encodable {
        let key: String
        let value: String
        let from: String
    }
}

extension ConfigCommand {
    /// `cnn-train config check`
    struct Check: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Says everything that is wrong with recipes, without data and without a run.",
            discussion: "Ends with exit code 1 where something is.")

        @Argument(help: ArgumentHelp("Recipes in YAML.", valueName: "file.yaml"), transform: userPath)
        var files: [String]
        @Flag(help: "Prints one JSON object a file.") var json = false

        func run() throws {
            let reports = files.map(Report.init)
            for report in reports { print(json ? try JSONText(report).text : report.text) }
            let broken = reports.count { !$0.holds }
            if broken > 0 {
                throw FailureSum(
                    "\(broken) of \(Wording.count(reports.count, "recipe")) \(broken == 1 ? "does" : "do") not hold: "
                        + "correct what is listed; docs/options.md has every key")
            }
        }
    }

    private struct Report: Encodable {
        let path: String
        let holds: Bool
        let model: String?
        let problems: [String]

        init(_ path: String) {
            self.path = path
            var problems = Recipe.problems(inFile: path).map(\.description)
            var model: String?
            if problems.isEmpty {
                do {
                    model = try Self.model(of: path)
                } catch {
                    problems = ["\(path): \(error.words)"]
                }
            }
            (self.model, self.problems, holds) = (model, problems, problems.isEmpty)
        }

        /// Returns a recipe's model, where there is a network of that name; nil where it names none.
        private static func model(of path: String) throws -> String? {
            let values = try RecipeOverrides(contentsOf: path)
            guard values.model != nil else { return nil }
            let recipe = try Recipe.resolve(file: values, flags: RecipeOverrides())
            _ = try ModelChoice(recipe.model, options: recipe.modelOptions, scheme: recipe.initScheme)
                .network(classes: recipe.classes)
            return recipe.model
        }

        var text: String {
            guard holds else { return problems.map(\.visible).joined(separator: "\n") }
            return "\(path.visible): holds: "
                + (model.map { "a recipe for \($0.visible)" } ?? "for other files to include, for it names no model")
        }
    }
}

extension ConfigCommand {
    /// `cnn-train config diff`
    struct Diff: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "diff", abstract: "Says what two recipes say otherwise, defaults filled in.",
            discussion: "Ends with exit code 1 where something differs.")

        @Argument(
            help: ArgumentHelp("A recipe in YAML, or a run's OUTPUT: its config.yaml.", valueName: "file.yaml|folder"),
            transform: userPath)
        var first: String
        @Argument(help: ArgumentHelp("Another.", valueName: "file.yaml|folder"), transform: userPath)
        var second: String
        @Flag(help: "Prints a JSON array.") var json = false

        func run() throws {
            let differences = try Self.recipe(second).differences(from: Self.recipe(first))
            let rows = differences.map {
                Row(
                    key: $0.key, first: $0.before, second: $0.now,
                    onResume: OptionsCommand.word(for: $0.whenResumed))
            }
            if json {
                print(try JSONText(rows).text)
            } else {
                let cells = rows.map { [$0.key, $0.first ?? "-", $0.second ?? "-", $0.onResume] }
                let head = ["key", first.visible, second.visible, "on resume"]
                print(
                    rows.isEmpty
                        ? "the recipes are the same"
                        : Wording.table([head] + cells, leading: 3, endsInWords: true))
            }
            if !rows.isEmpty { throw ExitCode(1) }
        }

        private static func recipe(_ path: String) throws -> Recipe {
            let file = isFolder(path) ? RunFolder(path: path).recipe : path
            return try Recipe.resolve(file: RecipeOverrides(contentsOf: file), flags: RecipeOverrides())
        }

        private struct Row: Encodable {
            let key: String
            let first: String?
            let second: String?
            let onResume: String
        }
    }
}
