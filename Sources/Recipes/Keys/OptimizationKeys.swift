extension RecipeKey {
    /// Keys of steps and the learning rate.
    static let optimization: [RecipeKey] = [
        RecipeKey(
            "duration", \.duration, .duration, in: .optimization, otherwise: "epochs or steps count",
            "How long the run lasts, with its unit: what `--epochs`, `--steps` or `--time` say.",
            valueName: "90epochs|500steps|10min", alsoKnownAs: ["length"], whenResumed: .changesFreely),
        RecipeKey(
            "epochs", \.epochs, .integer(in: 1...1_000_000), in: .optimization, default: Default.epochs,
            "How long the run lasts in passes over the training data. Not together with steps.",
            whenResumed: .changesFreely),
        RecipeKey(
            "steps", \.steps, .integer(in: 1...1_000_000_000), in: .optimization, otherwise: "epochs count",
            "How long the run lasts in optimizer steps. Not together with epochs.",
            alsoKnownAs: ["iterations"], whenResumed: .changesFreely),
        RecipeKey(
            "time", \.time, .duration, in: .optimization, otherwise: "epochs count",
            """
            How long the run lasts in time, such as 10min: its first steps are timed, and it has as many as fit, over \
            which the learning rate takes its course. A resumed run keeps their number. Not together with epochs or \
            steps.
            """,
            valueName: "10min|2h", alsoKnownAs: ["time_budget", "max_time"], whenResumed: .changesFreely),
        RecipeKey(
            "batch_size", \.batchSize, .integer(in: 1...1_000_000).orAuto(Recipe.Auto.batchSize),
            in: .optimization, default: Default.batchSize,
            """
            Images of a step, over all ranks together. `auto` takes the largest power of two that fits into memory and \
            keeps the speed of steps, which are tried before the run.
            """,
            alsoKnownAs: ["batch"], whenResumed: .stays),
        RecipeKey(
            "lr", \.learningRate, .positive().orAuto(Recipe.Auto.learningRate), in: .optimization,
            otherwise: """
                \(Default.learningRate(batchSize: 256)) × images a step / 256; of adam, adamw and lamb 0.001, of \
                rmsprop 0.01, of muon 0.02
                """,
            """
            The learning rate after the warm-up. `auto` looks for one before the run, with steps at growing rates \
            whose losses are in its folder, lr-range.tsv.
            """,
            alsoKnownAs: ["learning_rate"]),
        RecipeKey(
            "lr_for_batch", \.learningRateBatch, .integer(in: 1...1_000_000), in: .optimization,
            otherwise: "those that a step has",
            """
            The images of a step that `--lr` is meant for: with more or fewer of them the rate is larger or smaller in \
            proportion.
            """,
            alsoKnownAs: ["lr_scaling", "linear_scaling"]),
        RecipeKey(
            "average_weights", \.averageWeights, .number(from: 0, below: 1).orNone,
            in: .optimization, otherwise: "no averages",
            """
            Also keeps averages of all parameters and buffers, which keep this share of themselves at each step, \
            such as 0.999. They are evaluated (`averaged_evaluation` in the metrics) and saved beside the network.
            """,
            alsoKnownAs: ["ema", "ema_decay"]),
        RecipeKey(
            "average_warmup", \.averageWarmup, .boolean, in: .optimization, default: Default.averageWarmup,
            """
            Has averages follow quickly at first: after update t of them they keep at most (1 + t) / (10 + t) of \
            themselves, as TensorFlow and timm have it.
            """,
            alsoKnownAs: ["ema_warmup"]),
        RecipeKey(
            "average_every", \.averageEvery, .integer(in: 1...1_000_000), in: .optimization,
            default: Default.averageEvery,
            "Steps between two updates of the averages.",
            alsoKnownAs: ["ema_steps"]),
        RecipeKey(
            "accumulate", \.accumulate, .integer(in: 1...1024), in: .optimization, default: Default.accumulate,
            """
            Passes of `--batch-size` images that make one step, in the memory of one pass. Without batch norm the \
            bits are those of a batch so many times as large, where passes x ranks is a power of two up to the \
            virtual shards.
            """,
            alsoKnownAs: ["gradient_accumulation_steps", "accumulation"], whenResumed: .stays),
    ]
}
