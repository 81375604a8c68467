import ArgumentParser
import Graphs
import Networks
import Recipes
import Training

/// Which network, for commands that need no data.
struct ModelArguments: ParsableArguments {
    @Option(help: "The network; `cnn-train models` lists them.") var model: String
    @Option(
        name: .customLong("model-option"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("What the model's paper lets vary; may be repeated.", valueName: "key=value"))
    var modelOptions: [KeyAndValue] = []
    @Option(help: "Height and width of the images in pixels.") var imageSize: Int?
    @Option(help: "Outputs of the network.") var classes: Int?

    func validate() throws {
        try checkRanges { values in
            values.imageSize = imageSize
            values.classes = classes
        }
    }

    var choice: ModelChoice { ModelChoice(model, options: modelOptions.texts) }
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
extension Recipe.Augmentation: ExpressibleByArgument {}
extension Recipe.LossPrecision: ExpressibleByArgument {}
extension GraphPass: ExpressibleByArgument {}
