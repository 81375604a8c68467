import ArgumentParser
import Files
import Graphs
import Networks
import Recipes
import Training

/// The choice of a network, for commands that need no data.
struct ModelArguments: ParsableArguments {
    @Option(required: \.model) var model: String
    @Option(\.modelOptions) var modelOptions: [KeyAndValue] = []
    @Option(\.imageSize, default: "the model's") var imageSize: Int?
    @Option(\.classes, default: "the model's") var classes: Int?

    func validate() throws {
        try checkRanges { values in
            values.imageSize = imageSize
            values.classes = classes
        }
    }

    var choice: ModelChoice { ModelChoice(model, options: modelOptions.texts) }
}

/// A network's file, for commands that inspect a trained network.
struct NetworkFileArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            A run's OUTPUT, of which the newest checkpoint is read; a file of OUTPUT/checkpoints; \
            or another .safetensors.
            """,
            valueName: "file"),
        transform: userPath)
    var checkpoint: String
    @Option(\.model, default: "the one that the file names") var model: String?
    @Option(\.modelOptions) var modelOptions: [KeyAndValue] = []

    func read() throws -> NetworkFile {
        try NetworkFile(contentsOf: checkpoint, model: model, options: modelOptions.texts)
    }
}

/// The options by which pictures are decoded and resized, for commands that show them to a network that there is.
struct PictureArguments: ParsableArguments {
    @Option(\.interpolation, default: Self.fallback) var interpolation: Recipe.Interpolation?
    @Option(\.decoding, default: Self.fallback) var decode: Recipe.Decoding?
    @Option(\.exifOrientation, default: Self.fallback) var exifOrientation: OnOff?
    @Option(\.maxImagePixels, default: Self.fallback) var maxImagePixels: Int?

    private static let fallback = "as in training"

    func validate() throws { try checkRanges { $0.maxImagePixels = maxImagePixels } }

    var asked: RecipeOverrides {
        var values = RecipeOverrides()
        values.interpolation = interpolation
        values.decoding = decode
        values.exifOrientation = exifOrientation.map { $0 == .on }
        values.maxImagePixels = maxImagePixels
        return values
    }
}

/// `growth_rate=12`
struct KeyAndValue: ExpressibleByArgument {
    let key: String
    let value: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else { return nil }
        key = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
    }
}

extension [KeyAndValue] {
    /// The last of several values for a key counts.
    var texts: [String: String] { Dictionary(map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last }) }
}

/// `layer4=0.1`
struct PrefixAndFactor: ExpressibleByArgument {
    let prefix: String
    let factor: Double

    init?(argument: String) {
        guard let text = KeyAndValue(argument: argument), let factor = Double(text.value) else { return nil }
        prefix = text.key
        self.factor = factor
    }
}

extension [PrefixAndFactor] {
    /// The last of several factors for a prefix counts.
    var factors: [String: Double] { Dictionary(map { ($0.prefix, $0.factor) }, uniquingKeysWith: { _, last in last }) }
}

/// `PREFIX=3epochs` or `PREFIX=500steps`.
struct PrefixAndLength: ExpressibleByArgument {
    let prefix: String
    let length: Recipe.Interval

    init?(argument: String) {
        guard let text = KeyAndValue(argument: argument), let length = Recipe.Interval(text.value) else { return nil }
        prefix = text.key
        self.length = length
    }
}

extension [PrefixAndLength] {
    /// The last of several lengths for a prefix counts; nil where there are none.
    var lengths: [String: Recipe.Interval]? {
        isEmpty ? nil : Dictionary(map { ($0.prefix, $0.length) }, uniquingKeysWith: { _, last in last })
    }
}

/// The name of a scheme for initial weights. It is looked up where it is used, as the error there names the nearest
/// one.
struct SchemeArgument: ExpressibleByArgument {
    let name: String

    init(argument: String) { name = argument }

    static var allValueStrings: [String] { InitialScheme.allCases.map(\.rawValue) }
}

/// A switch that has a default of its own.
enum OnOff: String, CaseIterable, ExpressibleByArgument {
    case on, off
}

extension Recipe.Schedule.Name: ExpressibleByArgument {}
extension Recipe.InstructionSet: ExpressibleByArgument {}
extension Recipe.Convolution: ExpressibleByArgument {}
extension Recipe.BatchNorm: ExpressibleByArgument {}
extension Recipe.AllReduce: ExpressibleByArgument {}
extension Recipe.GradientType: ExpressibleByArgument {}
/// A number, or `auto` for one that the run is to choose.
protocol AutoArgument: ExpressibleByArgument {}

struct AutoInteger: AutoArgument {
    let value: Int

    init?(argument: String) {
        guard let value = argument == "auto" ? Recipe.Auto.batchSize : Int(argument) else { return nil }
        // The number that stands for `auto` must not be written otherwise.
        self.value = argument != "auto" && value == Recipe.Auto.batchSize ? value + 1 : value
    }
}

struct AutoNumber: AutoArgument {
    let value: Double

    init?(argument: String) {
        guard let value = argument == "auto" ? Recipe.Auto.learningRate : Double(argument) else { return nil }
        self.value = argument != "auto" && value == Recipe.Auto.learningRate ? -.greatestFiniteMagnitude : value
    }
}

extension Recipe.ClassWeights: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
extension Recipe.Augmentation: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
}
extension Recipe.Interpolation: ExpressibleByArgument {}
extension Recipe.Decoding: ExpressibleByArgument {}
extension Recipe.Normalisation: ExpressibleByArgument {}
extension Recipe.ImageCache: ExpressibleByArgument {}
extension Recipe.ProgressDisplay: ExpressibleByArgument {}
extension Recipe.Report: ExpressibleByArgument {}
extension Recipe.LossPrecision: ExpressibleByArgument {}
extension Recipe.TestAugmentation: ExpressibleByArgument {}
extension GraphPass: ExpressibleByArgument {}
