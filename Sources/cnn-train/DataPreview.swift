import ArgumentParser
import Checkpoints
import Datasets
import Files
import Recipes
import Terminal
import Training

extension DataCommand {
    /// `cnn-train data preview`
    struct Preview: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "preview", abstract: "Draws samples as a network is shown them, with their labels, as a PNG.")

        @OptionGroup var choice: Choice
        @Option(help: ArgumentHelp("The file to write.", valueName: "file.png"), transform: userPath) var output: String
        @Option(help: "Samples on the sheet.") var count = 36
        @Option(\.imageSize) var imageSize: Int?
        @Option(\.augmentation) var augment: Recipe.Augmentation?
        @Option(\.seed) var seed: UInt64?
        @Option(help: "The epoch whose samples are shown, from 0.") var epoch = 0

        func validate() throws {
            try checkRanges { $0.imageSize = imageSize }
            try checkRanges([("--count", count, 1...1_000), ("--epoch", epoch, 0...1_000_000)])
        }

        func run() throws {
            let dataset = try openDataset(choice.data, options: choice.options)
            let natural = (dataset as? StoredDataset)?.source.imageSize ?? dataset.suggestedImageSize
            let sheet = try PreviewSheet(
                of: dataset, count: count, side: imageSize ?? natural ?? 224,
                augmentation: Augmentation(augment ?? .none),
                seed: seed ?? 1, epoch: epoch)
            guard let png = sheet.png else { throw ValidationError("no memory is left for the sheet: lower --count") }
            try writeFile(png.span.bytes, to: output)
            print("\(output.visible): \(sheet.width) x \(sheet.height) pixels")
        }
    }
}
