import Recipes
import Runs
import Testing

@testable import Training

@Suite("A recipe that is chosen")
struct RecipeChoiceTests {
    private func facts(
        _ counts: [Int] = [150, 150], test: Int = 0, channels: Int = 3, side: Int = 300
    ) -> DataFacts {
        DataFacts(
            data: "./photos", classNames: ["cats", "dogs", "fish", "birds"].prefix(counts.count).map { $0 },
            classCounts: counts, testCount: test, channels: channels, shorterSide: side)
    }

    /// The choice where a network at a size makes `speed` images a second, and another one in inverse proportion to its
    /// work.
    private func choice(
        _ facts: DataFacts, seconds: Double = 600, resnet18At224 speed: Double = 60,
        asked: RecipeOverrides = RecipeOverrides()
    ) throws -> RecipeChoice {
        let table = try NetworkCandidate.table(for: facts, asked: asked)
        let work = try #require(NetworkCandidate("resnet18", 224, "").multiplyAdds)
        let speeds = table.map { ($0, speed * Double(work) / Double($0.multiplyAdds ?? work)) }
        return RecipeChoice(
            for: facts, seconds: seconds, table: table,
            speeds: Dictionary(speeds, uniquingKeysWith: { first, _ in first }), asked: asked)
    }

    @Test("the network is as large as the time allows, and images no larger than the pictures")
    func network() throws {
        func chosen(_ facts: DataFacts, _ seconds: Double) throws -> String {
            let recipe = try choice(facts, seconds: seconds).recipe()
            return "\(recipe.model) \(recipe.imageSize ?? 0)"
        }
        let few = facts()
        #expect(try chosen(few, 600) == "resnet18 224")
        #expect(try chosen(few, 120) == "resnet18 128")
        #expect(try chosen(few, 10) == "resnet18 64")
        let many = facts([10_000, 12_000])
        #expect(try chosen(many, 600) == "resnet18 64")
        #expect(try chosen(many, 3600) == "resnet18 128")
        #expect(try chosen(many, 8 * 3600) == "resnet18 224")
        #expect(try chosen(many, 48 * 3600) == "resnet50 224")
        #expect(try chosen(facts(side: 120), 3600) == "resnet18 128")
        #expect(try chosen(facts([30_000, 30_000], test: 10_000, channels: 1, side: 28), 60) == "lenet_bn 28")
        #expect(try chosen(facts([25_000, 25_000], test: 10_000, side: 32), 3600) == "resnet18_cifar 32")
        #expect(try chosen(facts(side: 50), 600) == "resnet18_cifar 50")
    }

    @Test("the run is as long as its time, or shorter where more would teach nothing")
    func length() throws {
        let short = try choice(facts([10_000, 10_000]), seconds: 600).recipe()
        #expect(short.duration == .time(seconds: 600))
        let long = try choice(facts(side: 60), seconds: 8 * 3600).recipe()
        #expect(long.duration == .epochs(200))
        var asked = RecipeOverrides()
        asked.epochs = 7
        #expect(try choice(facts(), asked: asked).recipe().duration == .epochs(7))
    }

    @Test("a share of the pictures is set aside only where nothing says which to test with, and a larger one of few")
    func validation() throws {
        func key(_ facts: DataFacts) throws -> Double? { try choice(facts).recipe().overrides.validationFraction }
        #expect(try key(facts()) == 0.2)
        #expect(try key(facts([5000, 5000])) == 0.1)
        #expect(!(try choice(facts(test: 50)).yaml.contains("validation_fraction")))
    }

    @Test("classes count alike where their numbers are uneven, and only there")
    func classWeights() throws {
        #expect(try choice(facts([150, 140])).recipe().classWeights == nil)
        let uneven = try choice(facts([30, 150]))
        #expect(try uneven.recipe().classWeights == .balanced)
        #expect(uneven.words.contains("cats has 30 pictures and dogs 150"), "\(uneven.words)")
    }

    @Test("photographs are cut and mirrored, small pictures moved and mirrored, small grey ones left alone")
    func augmentation() throws {
        let photographs = try choice(facts()).recipe().augmentation
        #expect(photographs.flip == .random(0.5) && photographs.crop == .resized(least: 0.35, most: 1))
        #expect(try choice(facts(side: 32)).recipe().augmentation == .cropFlip)
        #expect(try choice(facts(channels: 1, side: 28)).recipe().augmentation == .none)
    }

    @Test("every chosen value has a reason, and the file with them reads back to the same recipe")
    func file() throws {
        for facts in [facts(), facts([30, 150], side: 40), facts(channels: 1, side: 28)] {
            let choice = try choice(facts)
            let values = RecipeKey.all.filter { $0.print(choice.values) != nil }.map(\.name)
            #expect(Set(values) == Set(choice.reasons.map(\.key) + ["data"]))
            #expect(choice.reasons.allSatisfy { !$0.words.isEmpty })
            let read = try Recipe.resolve(flags: RecipeOverrides(yaml: choice.yaml, path: "recipe.yaml"))
            #expect(read == (try choice.recipe()))
        }
    }

    @Test("a value that the user gives counts, has no other reason, and stands in the file")
    func asked() throws {
        var asked = RecipeOverrides()
        (asked.model, asked.batchSize, asked.learningRate, asked.output) = ("densenet121", 24, 0.3, "runs/a")
        let choice = try choice(facts(), asked: asked)
        let recipe = try choice.recipe(output: "runs/b")
        #expect(recipe.model == "densenet121" && recipe.batchSize == 24 && recipe.learningRate == 0.3)
        #expect(recipe.output == "runs/b" && recipe.imageSize == 224)
        #expect(!choice.reasons.contains { ["model", "batch_size", "lr"].contains($0.key) })
        #expect(choice.yaml.contains("# asked for\nbatch_size: 24\n") && !choice.yaml.contains("runs/a"))
        asked.optimizer = .adamw
        #expect(try self.choice(facts(), asked: asked).recipe().optimizer == .adamw)
    }

    @Test("a name with a line's end in it stays in its comment")
    func oddNames() throws {
        var facts = facts([30, 150])
        facts.classNames = ["a\nlr: 99", "b"]
        facts.data = "./x\nlr: 98"
        let yaml = try choice(facts).yaml
        #expect(try RecipeOverrides(yaml: yaml, path: "recipe.yaml").learningRate != 99)
        #expect(yaml.split(separator: "\n").filter { $0.hasPrefix("lr:") }.count == 1, "\(yaml)")
    }

    @Test("pictures that must be decoded again each time are seen less often")
    func decoding() {
        var facts = facts()
        let free = PictureBudget(facts, seconds: 100).pictures(at: 50)
        facts.decodedPerSecond = 50
        #expect(abs(PictureBudget(facts, seconds: 100).pictures(at: 50) - free / 2) < 1e-9)
        facts.staysInMemory = true
        let kept = PictureBudget(facts, seconds: 100).pictures(at: 50)
        #expect(abs(kept - (free - 300)) < 1e-9)
    }

    @Test("confusions are told in words, the most frequent first")
    func confusions() {
        var detail = EvaluationDetail(
            epoch: 1, step: 1, samples: 100, loss: 1, accuracy: 0.5, classes: ["cats", "dogs", "f\u{1B}ish"])
        #expect(ConfusionWords(detail).lines == ["No picture was taken for another class's."])
        detail.confusion = [[0, 0, 90], [0, 1, 31], [1, 0, 1], [2, 0, 2], [1, 2, 5]]
        let lines = ConfusionWords(detail).lines
        #expect(
            lines.prefix(2) == ["  cats taken for dogs 31 times", "  dogs taken for f\\u{1b}ish 5 times"], "\(lines)")
        #expect(lines.last == "  dogs taken for cats once" && lines.count == 4)
    }
}
