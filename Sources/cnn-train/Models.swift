import ArgumentParser
import Graphs
import Networks
import Runs
import Terminal
import Training

/// `cnn-train models`: the networks that can be trained.
struct ModelsCommand: LocalCommand {
    static let configuration = CommandConfiguration(commandName: "models", abstract: "Lists the models.")

    @Flag(help: "Prints a JSON array.") var json = false

    func run() throws {
        let rows = try Zoo.models.map { model in
            let network = try model.network()
            return (model: model, summary: try Summary(network: network, imageSize: model.defaultImageSize))
        }
        if json {
            print("[" + rows.map { object($0.model, $0.summary) }.joined(separator: ",\n ") + "]")
            return
        }
        let head = ["model", "image", "classes", "parameters", "multiply-adds", "paper"]
        let lines = rows.map { model, summary in
            [
                model.name, "\(model.defaultImageSize)", "\(model.defaultClasses)", Wording.grouped(summary.parameters),
                Wording.scaled(Double(summary.multiplyAdds)), model.paper,
            ]
        }
        print(Wording.table([head] + lines, leading: 1, endsInWords: true))
    }

    private func object(_ model: ModelDescription, _ summary: Summary) -> String {
        var object = JSONLine()
        object.add("name", model.name)
        object.add("image_size", model.defaultImageSize)
        object.add("classes", model.defaultClasses)
        object.add("channels", model.defaultChannels)
        object.add("parameters", summary.parameters)
        object.add("multiply_adds", summary.multiplyAdds)
        object.add("paper", model.paper)
        return object.text
    }
}
