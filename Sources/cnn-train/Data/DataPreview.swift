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
        @Option(\.interpolation) var interpolation: Recipe.Interpolation?
        @Option(\.decoding) var decode: Recipe.Decoding?
        @Option(\.exifOrientation) var exifOrientation: OnOff?
        @Option(\.maxImagePixels) var maxImagePixels: Int?
        @Option(\.seed) var seed: UInt64?
        @Option(help: "The epoch whose samples are shown, from 0.") var epoch = 0

        func validate() throws {
            try checkRanges { values in
                values.imageSize = imageSize
                values.maxImagePixels = maxImagePixels
            }
            try checkRanges([("--count", count, 1...1_000), ("--epoch", epoch, 0...1_000_000)])
        }

        private var images: ImageOptions {
            var asked = RecipeOverrides()
            asked.interpolation = interpolation
            asked.decoding = decode
            asked.exifOrientation = exifOrientation.map { $0 == .on }
            asked.maxImagePixels = maxImagePixels
            return ImageOptions().changed(by: asked)
        }

        func run() throws {
            var dataset = try showingOpening(on: ProgressBar()) {
                try openDataset(choice.data, options: choice.options)
            }
            let source = (dataset as? StoredDataset)?.source
            let side = imageSize ?? source?.imageSize ?? dataset.suggestedImageSize ?? 224
            let augmentation = Augmentation(augment ?? .none)
            // Erased parts get the mean colour, which training measures where it is not known.
            if let source, source.normalisation == nil, augmentation.erasing != nil,
                let measured = Normalisation.measured(
                    on: source, imageSize: side, images: images, threads: MachineCores.count)
            {
                dataset = dataset.normalised(by: measured)
            }
            let sheet = try PreviewSheet(
                of: dataset, count: count, side: side, augmentation: augmentation, images: images, seed: seed ?? 1,
                epoch: epoch)
            guard let png = sheet.png else { throw ValidationError("no memory is left for the sheet: lower --count") }
            try writeFile(png.span.bytes, to: output)
            print("\(output.visible): \(sheet.width) x \(sheet.height) pixels")
        }
    }
}
