extension RecipeKey {
    /// The keys of the work of several ranks.
    static let ranks: [RecipeKey] = [
        RecipeKey(
            "batch_norm", \.batchNorm, .choice(), in: .ranks, default: Default.batchNorm,
            """
            The samples whose mean and variance batch norm takes. `sync`: the global batch. `average`: each rank's \
            own, running statistics averaged before evaluations and checkpoints. `local`: each rank's own, running \
            statistics of rank 0.
            """,
            alsoKnownAs: ["sync_bn"]),
        RecipeKey(
            "allreduce", \.allReduce, .choice(), in: .ranks, default: Default.allReduce,
            "Whose algorithm sums over ranks: `tree`, which gives the same bits on 1, 2, 4 and 8 ranks, or MPI's own."),
        RecipeKey(
            "gradient_dtype", \.gradientType, .choice(), in: .ranks, default: Default.gradientType,
            "The number format of gradients on their way between ranks.",
            alsoKnownAs: ["gradient_compression"]),
        RecipeKey(
            "bucket_megabytes", \.bucketMegabytes, .integer(in: 1...1024), in: .ranks, default: Default.bucketMegabytes,
            "Megabytes of gradients that are summed over ranks at once, while the backward pass goes on.",
            alsoKnownAs: ["bucket_cap_mb"], whenResumed: .changesFreely),
        RecipeKey(
            "collective_timeout", \.collectiveTimeout,
            .number("a number of seconds from 1 to 1000000", in: 1...1_000_000), in: .ranks,
            default: Default.collectiveTimeout,
            """
            Seconds that ranks wait for each other in a step before the run ends. A rank that is starting, evaluating, \
            saving or going back is waited for 300 seconds at least; until the first step is done, four times as long.
            """,
            alsoKnownAs: ["timeout"], whenResumed: .changesFreely),
        RecipeKey(
            "heartbeat", \.heartbeat, .seconds(in: 1...3600), in: .ranks, default: Default.heartbeat,
            """
            The time after which a rank that has stopped, or whose machine cannot be reached, ends the run, whatever \
            others wait for.
            """,
            valueName: "5s|1min", alsoKnownAs: ["heartbeat_interval"], whenResumed: .changesFreely),
        RecipeKey(
            "replica_check_every", \.replicaCheckEvery, .integer(in: 0...1_000_000_000), in: .ranks,
            default: Default.replicaCheckEvery,
            """
            Steps between two comparisons of the ranks' parameters, which are compared before each checkpoint \
            anyway; 0: only then.
            """,
            whenResumed: .changesFreely),
        RecipeKey(
            "virtual_shards", \.virtualShards, .powerOfTwo(upTo: 1024), in: .ranks, default: Default.virtualShards,
            """
            Parts that the batch is cut into whatever the number of ranks. Sums follow a tree over them, so that \
            results depend on it.
            """,
            alsoKnownAs: ["shards"]),
    ]
}
