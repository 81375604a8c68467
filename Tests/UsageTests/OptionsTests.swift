import CommandSupport
import Foundation
import Recipes
import Testing

@testable import cnn_train

@Suite("Options") struct OptionsTests {
    @Test("docs/options.md is what the table of keys says")
    func page() throws {
        let file = try String(contentsOf: project.appending(path: "docs/options.md"), encoding: .utf8)
        #expect(
            file.split(separator: "\n") == OptionsCommand.page.split(separator: "\n"),
            "write it anew: swift run cnn-train options >docs/options.md")
        #expect(file.hasSuffix("|\n"))
    }

    @Test("every key has a flag whose value reaches the recipe")
    func flags() throws {
        var words = ["train"]
        var values: [String: String?] = [:]
        for key in RecipeKey.all {
            let choice = key.expected.split(separator: ",").first.map(String.init) ?? ""
            let candidates =
                key.expected == "true or false"
                ? ["true"] : ["1epoch", "1", "on", "{a: 1}", "{a: 1epoch}", "5s", choice]
            let given = try #require(candidates.first { (try? file("\(key.name): \($0)")) != nil }, "\(key.name)")
            values[key.name] = key.print(try file("\(key.name): \(given)"))
            // {a: 1} of a file is a=1 of a flag.
            let word = given.replacing(/\{(.*): (.*)\}/) { "\($0.1)=\($0.2)" }
            words += ["--\(key.flag)"] + (given == "true" ? [] : [word])
        }
        let command = try #require(try Main.parse(words) as? TrainCommand)
        let flags = try command.recipe.flags()
        for key in RecipeKey.all { #expect(key.print(flags) == values[key.name], "--\(key.flag)") }
        let silent = try #require(try Main.parse(["train"]) as? TrainCommand)
        #expect(try silent.recipe.flags() == RecipeOverrides())
    }

    @Test("flags, keys of YAML, the schema and docs/options.md have the same options")
    func sameEverywhere() throws {
        let train = try #require(try Help.all().command.subcommands?.first { $0.commandName == "train" })
        let flags = Set((train.arguments ?? []).flatMap { $0.names ?? [] }.map(\.name))
        let switches = Set(RecipeKey.all.filter { $0.expected == "true or false" }.map { "no-" + $0.flag })
        #expect(
            flags.subtracting(["h", "help", "version", "config", "set", "workers", "more-epochs"]).subtracting(switches)
                == Set(RecipeKey.all.map(\.flag)))
        let schema = try JSONSerialization.jsonObject(with: Data(Commands().run("config", "schema").output.utf8))
        let properties = (schema as? [String: Any])?["properties"] as? [String: Any]
        #expect(properties.map { Set($0.keys) } == Set(RecipeKey.all.map(\.name) + ["include"]))
        let page = try String(contentsOf: project.appending(path: "docs/options.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
        #expect(
            rows.map { $0.dropFirst(3).prefix { $0 != "`" } }.sorted() == RecipeKey.all.map { $0.name[...] }.sorted())
        let shown = rows.compactMap { $0.firstMatch(of: /<br>`--([a-z0-9-]+)/)?.1 }
        #expect(Set(shown) == Set(RecipeKey.all.map { $0.flag[...] }))
    }

    private func file(_ yaml: String) throws -> RecipeOverrides { try RecipeOverrides(yaml: yaml, path: "r.yaml") }

    @Test("every key is described once, in whole sentences", arguments: RecipeKey.all.map(\.name))
    func descriptions(name: String) throws {
        let key = try #require(RecipeKey.all.first { $0.name == name })
        #expect(key.summary.first?.isUppercase == true || key.summary.hasPrefix("zstd"))
        #expect(key.summary.hasSuffix("."))
        #expect(!key.shownDefault.isEmpty)
        #expect(RecipeKey.all.count { $0.name == name || $0.flag == key.flag } == 1)
    }

    @Test("a flag of any command that is called as a key's, and means the same, has the key's description")
    func twins() throws {
        // What these mean is another thing: a file to write, steps that are measured, a batch of each rank.
        let others: Set = [
            "export output", "import output", "average output", "preview output", "report output", "bench steps",
            "plan steps",
            "plan batch-size", "launch heartbeat",
        ]
        let help = try Help.all()
        var found: Set<String> = []
        for command in help.command.all {
            // What only a supervisor starts explains nothing.
            for argument in command.arguments ?? [] where !["host-agent", "host-shell"].contains(command.commandName) {
                for name in (argument.names ?? []).map(\.name) {
                    guard let key = RecipeKey.all.first(where: { $0.flag == name }) else { continue }
                    let place = "\(command.commandName) \(name)"
                    found.insert(place)
                    #expect(argument.abstract?.hasPrefix(key.summary) == !others.contains(place), "\(place)")
                }
            }
        }
        #expect(found.isSuperset(of: RecipeKey.all.map { "train \($0.flag)" }))
        #expect(found.isSuperset(of: others.union(["bench batch-norm", "plan allreduce", "predict isa"])))
    }

    @Test("defaults that are shown are those of a recipe that says nothing")
    func defaults() throws {
        var silent = RecipeOverrides()
        silent.model = "lenet"
        // What else these keys belong to.
        silent.schedule = .step
        silent.initFile = "file"
        let recipe = try Recipe.resolve(flags: silent).overrides
        for key in RecipeKey.all where !["model", "schedule", "init"].contains(key.name) {
            guard let value = key.print(recipe), key.name != "lr" else { continue }
            // What other optimizers begin with stands behind it.
            let isOfOptimizer = ["momentum", "nesterov", "weight_decay"].contains(key.name)
            let shown = isOfOptimizer ? key.shownDefault.prefix { $0 != " " && $0 != "," } : key.shownDefault[...]
            let read = try file("\(key.name): \(shown)")
            #expect(key.print(read) == value, "\(key.name)")
        }
        silent.schedule = nil
        let schedule = try #require(RecipeKey.of(\.schedule))
        #expect(schedule.print(try Recipe.resolve(flags: silent).overrides) == schedule.shownDefault)
        let rate = try #require(RecipeKey.of(\.learningRate))
        silent.batchSize = 256
        let words = "\(try Recipe.resolve(flags: silent).learningRate) × images a step / 256"
        #expect(rate.shownDefault.hasPrefix(words))
    }
}
