import Testing

@testable import Recipes

@Suite("The optimizer of a recipe") struct OptimizerRecipeTests {
    private func resolve(
        _ file: String? = nil, _ change: (inout RecipeOverrides) -> Void = { _ in }
    ) throws -> Recipe {
        var flags = RecipeOverrides()
        flags.model = "lenet"
        change(&flags)
        return try Recipe.resolve(file: file.map { try RecipeOverrides(yaml: $0, path: "a.yaml") }, flags: flags)
    }

    @Test("the optimizer of a recipe has PyTorch's defaults, and keeps what runs had before there was a choice")
    func defaults() throws {
        let sgd = try resolve()
        #expect(sgd.optimizer == .sgd && sgd.momentum == 0.9 && !sgd.nesterov && sgd.weightDecay == 1e-4)
        #expect(sgd.learningRate == 0.1 * 32 / 256 && sgd.dampening == 0 && sgd.decay == .weights)
        let adam = try resolve { $0.optimizer = .adam }
        #expect(adam.learningRate == 0.001 && adam.betas == [0.9, 0.999] && adam.epsilon == 1e-8)
        #expect(adam.weightDecay == 0)
        #expect(try resolve { $0.optimizer = .adamw }.weightDecay == 0.01)
        let rmsprop = try resolve { $0.optimizer = .rmsprop }
        #expect(rmsprop.learningRate == 0.01 && rmsprop.alpha == 0.99 && rmsprop.momentum == 0)
        #expect(try resolve { $0.optimizer = .lars }.trust == 0.001)
        #expect(try resolve { $0.optimizer = .lamb }.epsilon == 1e-6)
        let muon = try resolve { $0.optimizer = .muon }
        #expect(muon.momentum == 0.95 && muon.nesterov && muon.muonIterations == 5 && muon.muonSGDMomentum == 0.95)
        #expect(muon.learningRate == 0.02 && muon.muonSGDLearningRate == nil)
    }

    @Test(
        "the optimizer of a recipe is written with what it uses and nothing else, and reads back",
        arguments: Recipe.Optimizer.allCases)
    func roundTrip(optimizer: Recipe.Optimizer) throws {
        let recipe = try resolve { flags in
            flags.optimizer = optimizer
            flags.noDecay = ["0."]
            flags.decayMultipliers = ["2.": 0.5]
            flags.clipNorm = 2
        }
        let again = try Recipe.resolve(flags: RecipeOverrides(yaml: recipe.yaml(), path: "b.yaml"))
        #expect(again == recipe)
        #expect(again.differences(from: recipe).isEmpty)
    }

    struct Unused: Sendable {
        let key: String
        let optimizer: Recipe.Optimizer
        let remedy: String
        let set: @Sendable (inout RecipeOverrides) -> Void
    }

    @Test(
        "the optimizer of a recipe refuses a setting that it does not use, and says which optimizers do",
        arguments: [
            Unused(key: "betas", optimizer: .sgd, remedy: "adam, adamw, lamb") { $0.betas = [0.9, 0.99] },
            Unused(key: "momentum", optimizer: .adam, remedy: "sgd, rmsprop, lars, muon") { $0.momentum = 0.9 },
            Unused(key: "nesterov", optimizer: .lars, remedy: "sgd, muon") { $0.nesterov = true },
            Unused(key: "dampening", optimizer: .rmsprop, remedy: "sgd") { $0.dampening = 0.1 },
            Unused(key: "alpha", optimizer: .adamw, remedy: "rmsprop") { $0.alpha = 0.9 },
            Unused(key: "epsilon", optimizer: .muon, remedy: "adam, adamw, rmsprop, lamb") { $0.epsilon = 1e-8 },
            Unused(key: "trust", optimizer: .sgd, remedy: "lars, lamb") { $0.trust = 1 },
            Unused(key: "muon_sgd", optimizer: .sgd, remedy: "muon") { $0.muonSGD = ["11."] },
        ])
    func unused(setting: Unused) throws {
        let error = #expect(throws: RecipeError.self) {
            _ = try resolve { flags in
                flags.optimizer = setting.optimizer
                setting.set(&flags)
            }
        }
        let words = "\(try #require(error))"
        #expect(words.contains("\(setting.key) is given, but the optimizer is \(setting.optimizer.rawValue)"))
        #expect(words.contains("say optimizer: \(setting.remedy), or leave"), "\(words)")
    }

    @Test("an optimizer on the command line replaces a file's settings of another one")
    func layers() throws {
        let recipe = try resolve("optimizer: sgd\nmomentum: 0.8\nnesterov: true\nclip_value: 1\n") { flags in
            flags.optimizer = .adam
            flags.clipNorm = 1
        }
        #expect(recipe.optimizer == .adam && recipe.clipValue == nil && recipe.clipNorm == 1)
        #expect(!recipe.yaml().contains("momentum"))
    }

    @Test("the optimizer of a recipe refuses what contradicts itself")
    func contradictions() {
        let changes: [(inout RecipeOverrides) -> Void] = [
            {
                $0.nesterov = true; $0.dampening = 0.1
            },
            {
                $0.momentum = 0; $0.dampening = 0.1
            },
            {
                $0.clipNorm = 1; $0.clipValue = 1
            },
            {
                $0.nesterov = true; $0.momentum = 0
            },
        ]
        for change in changes { #expect(throws: RecipeError.self) { _ = try resolve(nil, change) } }
    }

    @Test("the optimizer of a recipe takes two betas, as a list or with a comma between, and nothing else")
    func betas() throws {
        for text in ["[0.8, 0.95]", "0.8,0.95", "[8e-1, .95]"] {
            #expect(try resolve("optimizer: adam\nbetas: \(text)\n").betas == [0.8, 0.95], "\(text)")
        }
        for text in ["0.9", "[0.9]", "[0.9, 1]", "[0.9, 0.99, 0.999]", "[0.9, -0.1]", "[a, b]", "0.9,", "{a: 1}"] {
            #expect(throws: RecipeError.self) { _ = try resolve("optimizer: adam\nbetas: \(text)\n") }
        }
    }
}
