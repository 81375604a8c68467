extension RecipeKey {
    /// Keys of checkpoints.
    static let checkpoints: [RecipeKey] = [
        RecipeKey(
            "resume", \.resume, .resume, in: .checkpoints, default: Default.resume,
            """
            Goes on from a checkpoint. `auto`, which a bare `--resume` means: from the newest that holds in the \
            output folder, anew if there is none; or from a file, or the newest of a folder.
            """,
            valueName: "auto|file|folder", whenResumed: .changesFreely),
        RecipeKey(
            "override", \.overriddenKeys, .list, in: .checkpoints,
            "Lets a resumed run have another value of this key from here on. May be repeated.",
            valueName: "key", whenResumed: .changesFreely),
        RecipeKey(
            "checkpoint_every", \.checkpointEvery, .intervals, in: .checkpoints, default: Default.checkpointEvery,
            "When checkpoints are due. May be repeated, and each counts; one more is written at the end.",
            valueName: "500steps|10min|2h|1epoch", alsoKnownAs: ["save_every"], whenResumed: .changesFreely),
        RecipeKey(
            "keep_last", \.keepLast, .integer(in: 1...1_000_000), in: .checkpoints, default: Default.keepLast,
            "The newest checkpoints that stay.",
            alsoKnownAs: ["keep"], whenResumed: .changesFreely),
        RecipeKey(
            "keep_best", \.keepBest, .integer(in: 0...1_000_000), in: .checkpoints, default: Default.keepBest,
            "The best checkpoints that stay, by accuracy on the test split.",
            whenResumed: .changesFreely),
        RecipeKey(
            "keep_every", \.keepEvery, .epochs.orNone, in: .checkpoints,
            "The first checkpoint of each so many epochs stays for ever.",
            valueName: "10epochs", whenResumed: .changesFreely),
        RecipeKey(
            "checkpoint_level", \.checkpointLevel, .integer(in: -7...19), in: .checkpoints,
            default: Default.checkpointLevel,
            "zstd's level for checkpoints: -7 is the fastest, 19 the smallest.",
            whenResumed: .changesFreely),
        RecipeKey(
            "checkpoint_busy", \.checkpointBusy, .choice(), in: .checkpoints, default: Default.checkpointBusy,
            """
            What happens to a checkpoint that is due while one is being written: training waits for it, or it is \
            skipped.
            """,
            whenResumed: .changesFreely),
        RecipeKey(
            "snapshot_every", \.snapshotEvery, .integer(in: 0...1_000_000_000), in: .checkpoints,
            default: Default.snapshotEvery,
            """
            Steps between two snapshots of the state in the memory of each machine (/dev/shm), from which a bare \
            `--resume` goes on where one is newer than all checkpoints; 0 for none.
            """,
            whenResumed: .changesFreely),
    ]
}
