import Recipes
import Testing

@Suite("A recipe beside an earlier one") struct ResumedRecipeTests {
    private func differences(_ earlier: String, _ now: String) throws -> [RecipeDifference] {
        let earlier = try Recipe.resolve(file: file("model: a\n" + earlier), flags: RecipeOverrides())
        return try Recipe.resolve(file: file("model: a\n" + now), flags: RecipeOverrides()).differences(from: earlier)
    }

    @Test("a recipe beside an earlier one differs in the keys whose values differ, and in no others")
    func differences() throws {
        #expect(try differences("lr: 0.5\nthreads: 2", "threads: 2\nlr: 0.50").isEmpty)
        // The rate's default follows the batch size.
        let found = try differences("batch_size: 256\nseed: 3", "batch_size: 512\nthreads: 4")
        #expect(found.map(\.key) == ["seed", "batch_size", "lr", "threads"])
        #expect(found.map(\.before) == ["3", "256", "0.1", nil])
        #expect(found.map(\.now) == ["1", "512", "0.2", "4"])
        #expect(found.map(\.whenResumed) == [.changesOnRequest, .stays, .changesOnRequest, .changesFreely])
    }

    @Test("changes of a recipe that compute other numbers must be asked for")
    func numbers() {
        for key in [
            "lr", "optimizer", "betas", "clip_norm", "momentum", "nesterov", "weight_decay", "schedule", "data",
            "shuffle", "dropout", "freeze",
        ] {
            #expect(RecipeKey.all.first { $0.name == key }?.whenResumed == .changesOnRequest, "\(key)")
        }
        for key in [
            "epochs", "steps", "output", "threads", "log_every", "checkpoint_every", "keep_last", "max_bad_samples",
            "strict", "prefetch_megabytes", "cache",
        ] {
            #expect(RecipeKey.all.first { $0.name == key }?.whenResumed == .changesFreely, "\(key)")
        }
    }

    @Test("a recipe may override keys that there are and that can change")
    func overrides() throws {
        let recipe = try Recipe.resolve(file: file("model: a\noverride: [lr]"), flags: RecipeOverrides())
        #expect(recipe.overriddenKeys == ["lr"])
        for (key, words) in [("lrr", "did you mean lr?"), ("batch_size", "start anew"), ("accumulate", "start anew")] {
            let text = message {
                _ = try Recipe.resolve(file: file("model: a\noverride: \(key)"), flags: RecipeOverrides())
            }
            #expect(text.contains(words))
        }
    }

    @Test(
        "intervals are read as people write them, and written back",
        arguments: [
            ("500steps", "500steps"), ("1step", "1step"), ("10min", "10min"), ("600s", "10min"), ("90s", "90s"),
            ("120min", "2h"), ("1epoch", "1epoch"), ("3epochs", "3epochs"),
        ])
    func intervals(text: String, printed: String) {
        #expect(Recipe.Interval(text)?.description == printed)
        #expect(Recipe.Interval(printed) == Recipe.Interval(text))
    }

    @Test(
        "what is no interval is refused",
        arguments: ["", "10", "steps", "0steps", "-1epoch", "1.5h", "10 min", "1week"])
    func noIntervals(text: String) {
        #expect(Recipe.Interval(text) == nil)
    }
}
