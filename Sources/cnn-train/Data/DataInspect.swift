import ArgumentParser
import Datasets
import Terminal
import Training

extension DataCommand {
    /// `cnn-train data inspect`
    struct Inspect: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "inspect", abstract: "Says what a path is taken for, and why.")

        @OptionGroup var choice: Choice
        @Flag(help: "Prints one JSON object.") var json = false

        func run() throws {
            let report = try showingOpening(on: ProgressBar()) { try Report(choice) }
            print(json ? try JSONText(report).text : report.text)
        }
    }

    private struct Report: Encodable {
        let data: String
        let kind: String
        let path: String?
        let reason: String
        let layout: String?
        let classNames: [String]
        let channels: Int
        let train: Int
        let test: Int
        let fingerprint: String

        init(_ choice: Choice) throws {
            let recognition = try Recognition(of: choice.data)
            let dataset = try openDataset(choice.data, options: choice.options)
            data = choice.data
            kind = recognition.kind.rawValue
            path = recognition.path
            reason = recognition.reason
            layout = (dataset as? StoredDataset)?.source.layout
            classNames = dataset.classNames
            channels = dataset.channels
            (train, test) = (dataset.count(of: .train), dataset.count(of: .test))
            fingerprint = dataset.fingerprint
        }

        var text: String {
            var lines = ["\((path ?? data).visible): \(kind), because \(reason.visible)"]
            if let layout { lines.append("layout: \(layout.visible)") }
            let names = Wording.few(classNames.map(\.visible))
            lines.append("classes: \(Wording.grouped(classNames.count)) (\(names))")
            lines.append("images: \(Wording.grouped(train)) to train and \(Wording.grouped(test)) to test")
            return lines.joined(separator: "\n")
        }
    }
}
