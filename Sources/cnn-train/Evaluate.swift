import ArgumentParser
import Collectives
import Files
import Recipes
import Terminal
import Training

/// `cnn-train evaluate`: what a checkpoint is worth.
struct EvaluateCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Measures a checkpoint on a dataset's test split.",
        discussion: """
            Images are shown as those were that the network was trained on. Labels are matched by the names of the classes.
            """)

    @OptionGroup var file: NetworkFileArguments
    @Option(\.data, default: "the one that it was trained on", transform: userDataset) var data: String?
    @OptionGroup(title: "Pictures") var pictures: PictureArguments
    @Option(\.testAugmentation) var testAugment = Recipe.Default.testAugmentation
    @Option(\.testAugmentationShare) var testAugmentShare = Recipe.Default.testAugmentationShare
    @Option(\.threads) var threads: Int?
    @Option(\.instructionSet) var instructionSet = Recipe.Default.instructionSet
    @Flag(help: "Prints one JSON object.") var json = false

    func validate() throws {
        try checkRanges {
            $0.threads = threads
            $0.testAugmentationShare = testAugmentShare
        }
    }

    func run(in world: any Communicator) throws {
        let bar = world.rank == 0 && !Launcher.isPresent ? ProgressBar() : nil
        let result = try showingOpening(on: bar) {
            try CheckpointEvaluation(
                of: file.read, data: data, images: pictures.asked,
                views: TestViews(testAugment, share: testAugmentShare), threads: threads,
                instructionSet: instructionSet, bar: bar, world: world)
        }
        bar?.remove()
        guard world.rank == 0 else { return }
        tell(result.notes)
        print(json ? result.json : text(result))
    }

    private func text(_ result: CheckpointEvaluation) -> String {
        let evaluation = result.evaluation
        return "\(result.model) on \(result.data): accuracy \(Wording.fixed(evaluation.accuracy * 100, 2))%, "
            + "loss \(Wording.fixed(evaluation.loss, 4)), \(Wording.grouped(evaluation.samples)) samples, "
            + "\(Wording.significant(evaluation.imagesPerSecond)) img/s"
    }
}
