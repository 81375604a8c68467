extension RecipeKey {
    /// The keys of a run's files and output.
    static let results: [RecipeKey] = [
        RecipeKey(
            "output", \.output, .path, in: .results, otherwise: "`runs/MODEL-DATA`, with a number where that is taken",
            "The run's folder. One run at a time writes into it.",
            valueName: "folder", alsoKnownAs: ["output_dir"], whenResumed: .changesFreely),
        RecipeKey(
            "log_every", \.logEvery, .integer(in: 1...1_000_000_000), in: .results, default: Default.logEvery,
            "Steps between two lines of the log.",
            whenResumed: .changesFreely),
        RecipeKey(
            "progress", \.progress, .choice(), in: .results, default: Default.progress,
            """
            How a run shows how far it is. `bar`: a bar that is drawn again and again, where standard error is a \
            terminal that can move its cursor, else as `plain`. `plain`: a line every `log_every` steps. `none`: the \
            lines of epochs and evaluations alone. `auto`: as `bar`, but as `plain` for processes that mpirun or srun \
            has started.
            """,
            whenResumed: .changesFreely),
        RecipeKey(
            "loss_precision", \.lossPrecision, .choice(), in: .results, default: Default.lossPrecision,
            "How the log writes losses: `rounded` to four decimals, or `full`, every digit.",
            whenResumed: .changesFreely),
        RecipeKey(
            "report", \.report, .choice(), in: .results, default: Default.report,
            """
            The page that shows the run while it goes on and afterwards: `html` rewrites OUTPUT/report.html after \
            evaluations, `none` writes none.
            """,
            whenResumed: .changesFreely),
        RecipeKey(
            "test_augment", \.testAugmentation, .choice(), in: .results, default: Default.testAugmentation,
            """
            Views of each test image whose class scores are averaged when a run ends (`augmented_evaluation` in the \
            metrics). `flip`: the image and its mirror image. `flip-shift`: both, and with half of the weight both \
            moved by a pixel up and left and by one down and right, with the edges reflected.
            """,
            alsoKnownAs: ["tta", "test_time_augmentation"], whenResumed: .changesFreely),
        RecipeKey(
            "test_augment_share", \.testAugmentationShare, .positive(atMost: 1),
            in: .results, default: Default.testAugmentationShare,
            """
            The share of the test images that more than one view is taken of: those whose two highest scores, of the \
            image as it is, lie closest together.
            """,
            alsoKnownAs: ["tta_share"], whenResumed: .changesFreely),
        RecipeKey(
            "on_nan", \.onNonFinite, .choice(), in: .results, default: Default.onNonFinite,
            """
            What a loss or gradient that is not finite does. `stop` ends the run, `skip` leaves the step out, \
            `rewind` goes back to the newest checkpoint and on behind the step.
            """,
            whenResumed: .changesFreely),
        RecipeKey(
            "tensorboard", \.tensorBoard, .boolean, in: .results, default: Default.tensorBoard,
            "Whether event files for TensorBoard are written, into the folder `tensorboard` of the run's.",
            alsoKnownAs: ["tb", "tensor_board"], whenResumed: .changesFreely),
        RecipeKey(
            "status_port", \.statusPort, .integer(in: 0...65535), in: .results, otherwise: "no page",
            """
            The port of a page that shows the run while it goes on, and its numbers at /metrics, /healthz and \
            /api/run. 0 takes one that is free, which the log says.
            """,
            alsoKnownAs: ["port", "dashboard"], whenResumed: .changesFreely),
        RecipeKey(
            "status_host", \.statusHost, .text, in: .results, default: Default.statusHost,
            """
            The address that the page is at. The default is for programs of rank 0's machine alone; 0.0.0.0 lets \
            whoever reaches the machine read it.
            """,
            valueName: "address", whenResumed: .changesFreely),
    ]
}
