import ArgumentParser
import Checkpoints
import Collectives
import Files
import Recipes
import Runs
import Terminal
import Training

/// `cnn-train evaluate`: the accuracy of a checkpoint's network.
struct EvaluateCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Measures a checkpoint on a dataset's test split.",
        discussion: """
            Images are shown as those were that the network was trained on. \
            Labels are matched by the names of the classes.
            """)

    @OptionGroup var file: NetworkFileArguments
    @Option(\.data, default: "the one that it was trained on", transform: userDataset) var data: String?
    @OptionGroup(title: "Pictures") var pictures: PictureArguments
    @Option(\.testAugmentation) var testAugment = Recipe.Default.testAugmentation
    @Option(\.testAugmentationShare) var testAugmentShare = Recipe.Default.testAugmentationShare
    @Option(\.threads) var threads: Int?
    @Option(\.instructionSet) var instructionSet = Recipe.Default.instructionSet
    @Option(
        help: ArgumentHelp(
            "Writes the confusion matrix as a CSV table: a row for each label, a column for each predicted class.",
            valueName: "file.csv"), transform: userPath)
    var confusion: String?
    @Option(
        help: ArgumentHelp(
            "Names so many of the samples that are classified wrongly, greatest loss first.", valueName: "n"))
    var wrong: Int?
    @Flag(help: "Prints one JSON object.") var json = false

    func validate() throws {
        try checkRanges {
            $0.threads = threads
            $0.testAugmentationShare = testAugmentShare
        }
        try checkRanges([("--wrong", wrong ?? 1, 1...1_000_000)])
    }

    func run(in world: any Communicator) throws {
        let bar = sharedBar(in: world)
        let result = try showingOpening(on: bar) {
            try CheckpointEvaluation(
                of: file.read, data: data, images: pictures.asked,
                views: TestViews(testAugment, share: testAugmentShare), wrong: wrong ?? (confusion == nil ? nil : 0),
                threads: threads, instructionSet: instructionSet, bar: bar, world: world)
        }
        bar?.remove()
        guard world.rank == 0 else { return }
        tell(result.notes)
        print(json ? result.json : text(result))
        guard let detail = result.detail else { return }
        if let confusion { try writeFile(detail.confusionCSV, to: confusion) }
        if wrong != nil, !json { print(wrongTable(detail)) }
    }

    private func wrongTable(_ detail: EvaluationDetail) -> String {
        guard !detail.wrong.isEmpty else { return "No sample is classified wrongly." }
        let rows = detail.wrong.map { picture in
            let name = picture.name ?? "test sample \(Wording.grouped(picture.sample))"
            let words = "\(name): \(detail.classes[picture.label]) taken for \(detail.classes[picture.predicted])"
            return Wording.fixed(picture.loss, 4).column(9) + " "
                + (Wording.fixed(picture.probability * 100, 1) + "%").column(11) + "  " + words.visible
        }
        return (["loss".column(9) + " " + "probability".column(11) + "  sample"] + rows).joined(separator: "\n")
    }

    private func text(_ result: CheckpointEvaluation) -> String {
        let evaluation = result.evaluation
        return "\(result.model) on \(result.data): accuracy \(Wording.fixed(evaluation.accuracy * 100, 2))%, "
            + "loss \(Wording.fixed(evaluation.loss, 4)), \(Wording.grouped(evaluation.samples)) samples, "
            + "\(Wording.significant(evaluation.imagesPerSecond)) img/s"
    }
}
