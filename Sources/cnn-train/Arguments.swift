import ArgumentParser
import Files
import Graphs
import Networks
import Recipes
import Training

/// The choice of a network, for commands that need no data.
struct ModelArguments: ParsableArguments {
    @Option(required: \.model) var model: String
    @Option(\.modelOptions) var modelOptions: [KeyAndValue<String>] = []
    @Option(\.imageSize, default: "the model's") var imageSize: Int?
    @Option(\.classes, default: "the model's") var classes: Int?

    func validate() throws {
        try checkRanges { values in
            values.imageSize = imageSize
            values.classes = classes
        }
    }

    var choice: ModelChoice { ModelChoice(model, options: modelOptions.byKey()) }
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
    @Option(\.modelOptions) var modelOptions: [KeyAndValue<String>] = []

    func read() throws -> NetworkFile {
        try NetworkFile(contentsOf: checkpoint, model: model, options: modelOptions.byKey())
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

/// `growth_rate=12`, `layer4=0.1` or `layer4=3epochs`.
struct KeyAndValue<Value: LosslessStringConvertible & Sendable>: ExpressibleByArgument {
    let key: String
    let value: Value

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex,
            let value = Value(String(argument[argument.index(after: equals)...]))
        else { return nil }
        key = String(argument[..<equals])
        self.value = value
    }
}

extension Array {
    /// The values by key, of which the last of several counts.
    func byKey<Value: LosslessStringConvertible & Sendable>() -> [String: Value] where Element == KeyAndValue<Value> {
        Dictionary(map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
    }
}

/// `0.9,0.999`, or `500steps,10min`.
struct ListArgument<Value: LosslessStringConvertible & Sendable>: ExpressibleByArgument {
    let values: [Value]

    init?(argument: String) {
        let words = argument.split(separator: ",", omittingEmptySubsequences: false)
        values = words.compactMap { Value(String($0)) }
        guard values.count == words.count else { return nil }
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
