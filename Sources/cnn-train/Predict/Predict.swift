import ArgumentParser
import Checkpoints
import Datasets
import Files
import Recipes
import Reports
import Runs
import Terminal
import Training

/// `cnn-train predict`: a network's predictions for pictures.
struct PredictCommand: LocalCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict", abstract: "Says what a checkpoint's network sees in pictures.",
        discussion: """
            A picture is turned upright, resized, cut to its middle and normalised \
            as the images were that the network was
            evaluated on in training; for weights of elsewhere as torchvision's references do it. \
            A tensor is shown as it is.
            """)

    @OptionGroup var file: NetworkFileArguments
    @Argument(
        help: ArgumentHelp("JPEG, PNG or WebP files, folders of them, or patterns.", valueName: "image"),
        transform: userPath)
    var images: [String] = []
    @Option(
        help: ArgumentHelp("A .safetensors file whose tensor `input` is float32, N x C x H x W.", valueName: "file"),
        transform: userPath)
    var inputTensor: String?
    @Option(help: "How many classes to name.") var top = 5
    @Flag(help: "Prints one JSON object for each image, on a line.") var json = false
    @Option(
        help: ArgumentHelp(
            "Writes a page with the pictures, what is seen in them, and where the network looks.", valueName: "file"),
        transform: userPath)
    var html: String?
    @Option(
        help: ArgumentHelp("Writes a table: a line for each picture, with its likeliest classes.", valueName: "file"),
        transform: userPath)
    var csv: String?
    @Flag(help: "Prints all class scores, in digits that read back exactly.") var logits = false
    @OptionGroup(title: "Pictures") var pictures: PictureArguments
    @Option(\.threads) var threads: Int?
    @Option(\.instructionSet) var instructionSet = Recipe.Default.instructionSet

    func validate() throws {
        guard top > 0 else { throw ValidationError("--top is \(top); expected at least 1") }
        try checkRanges { $0.threads = threads }
        guard images.isEmpty != (inputTensor == nil) else {
            throw ValidationError("give pictures, or --input-tensor, and not both")
        }
        if let option = html.map({ _ in "--html" }) ?? csv.map({ _ in "--csv" }), inputTensor != nil {
            throw ValidationError("\(option) is for pictures, not for --input-tensor")
        }
    }

    func run() throws {
        if let inputTensor { try predict(tensor: inputTensor) } else { try predictImages() }
    }

    private func predict(tensor path: String) throws {
        let tensor = try InputTensor(contentsOf: path)
        let predictor = try Predictor(
            file.read(), imageSize: tensor.side, capacity: min(tensor.samples, 16), threads: threads,
            instructionSet: instructionSet)
        tell(predictor.notes)
        for (sample, prediction) in try predictor.predictions(of: tensor).enumerated() {
            try show(prediction, of: tensor.name(ofSample: sample))
        }
    }

    /// Goes on after a picture that cannot be read, and fails at the end. A picture alone fails as the command does.
    private func predictImages() throws {
        let paths = try images.flatMap { try picturePaths($0) }
        let predictor = try Predictor(
            file.read(), images: pictures.asked, keepsMaps: html != nil, threads: threads,
            instructionSet: instructionSet)
        tell(predictor.notes)
        var album = PredictionAlbum(predictor, top: top, showsPictures: html != nil)
        var failed = 0
        try showingProgress("looking", unit: "pictures") { progress in
            for (number, path) in paths.enumerated() {
                progress(number, paths.count)
                do {
                    let shown = try predictor.shownPrediction(ofFile: path)
                    try show(shown.prediction, of: path)
                    album.add(shown, of: path)
                } catch  where paths.count > 1 && (error is ImageError || error is SampleError) {
                    failed += 1
                    try report(error, of: path)
                    album.add(error, of: path)
                }
            }
        }
        if let html { try RunError.writing(html) { try writeFile(album.page(of: file.checkpoint).html, to: html) } }
        if let csv { try RunError.writing(csv) { try writeFile(album.table, to: csv) } }
        if failed > 0 { throw PredictionError.someFailed(failed: failed, of: paths.count) }
    }

    private func report(_ error: any Error, of path: String) throws {
        complain(error.words)
        if json { print(try JSONText(Failure(image: path, error: error.words)).text) }
    }

    private func show(_ prediction: Prediction, of name: String) throws {
        let scores = prediction.top(top)
        if json {
            let report = Report(image: name, predictions: scores, logits: logits ? prediction.logits : nil)
            return print(try JSONText(report).text)
        }
        print(name.visible)
        // What a class is called comes from a file.
        let names = scores.map(\.name.visible)
        let width = names.map(\.count).max() ?? 0
        for (name, score) in zip(names, scores) {
            let percent = Wording.fixed(score.probability * 100, 2) + "%"
            print("  " + name.column(width, isLeading: true) + percent.column(9))
        }
        if logits { print("  logits " + prediction.logits.map(\.description).joined(separator: " ")) }
    }
}

/// The object that `--json` prints for an image.
private struct Report: Encodable {
    let image: String
    let predictions: [Prediction.Score]
    let logits: [Float]?
}

/// The object that `--json` prints for a picture that cannot be read.
private struct Failure: Encodable {
    let image: String
    let error: String
}
