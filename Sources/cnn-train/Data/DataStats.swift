import ArgumentParser
import Datasets
import Recipes
import Terminal
import Training

extension DataCommand {
    /// `cnn-train data stats`
    struct Stats: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "stats",
            abstract: "Counts images of each class, and measures their sizes, mean and standard deviation.",
            discussion: "It decodes every image as a whole, and finds those to test with that are also trained on.")

        @OptionGroup var choice: Choice
        @Option(\.threads) var threads: Int?
        @Flag(help: "Prints one JSON object.") var json = false

        func validate() throws { try checkRanges { $0.threads = threads } }

        func run() throws {
            let source = try choice.source()
            let statistics = try showingProgress("measuring", unit: "images") { progress in
                try DatasetStatistics(of: source, threads: threads ?? MachineCores.count, progress: progress)
            }
            let report = Report(source, statistics)
            print(json ? try JSONText(report).text : report.text)
        }
    }

    private struct Report: Encodable {
        struct Class: Encodable {
            let name: String
            let train: Int
            let test: Int
        }

        struct Duplicate: Encodable {
            let test: String
            let train: String
        }

        let classes: [Class]
        let train: Int
        let test: Int
        let width: DatasetStatistics.Extent
        let height: DatasetStatistics.Extent
        let mean: [Double]
        let std: [Double]
        let duplicates: [Duplicate]
        let damaged: Int

        init(_ source: any Source, _ statistics: DatasetStatistics) {
            classes = source.classNames.indices.map { label in
                Class(
                    name: source.classNames[label], train: statistics.train[label], test: statistics.test[label])
            }
            (train, test) = (source.count(of: .train), source.count(of: .test))
            (width, height) = (statistics.widths, statistics.heights)
            (mean, std) = (statistics.means, statistics.deviations)
            duplicates = statistics.duplicates.map { Duplicate(test: $0.test, train: $0.train) }
            damaged = statistics.bad.count
        }

        var text: String {
            let counts = classes.map { [$0.name.visible, Wording.grouped($0.train), Wording.grouped($0.test)] }
            let numbers = [mean, std].map { $0.map { Wording.fixed($0, 4) }.joined(separator: ", ") }
            var lines = [
                Wording.table([["class", "train", "test"]] + counts, leading: 1), "",
                "images: \(Wording.grouped(train)) to train and \(Wording.grouped(test)) to test",
                "width: \(width.text)", "height: \(height.text)", "mean: \(numbers[0])",
                "standard deviation: \(numbers[1])",
                "images to test with that are also trained on: \(Wording.grouped(duplicates.count))",
            ]
            for pair in duplicates.prefix(5) { lines.append("  \(pair.test.visible) is \(pair.train.visible)") }
            if damaged > 0 {
                lines.append(
                    "\(Wording.count(damaged, "image")) cannot be decoded: `cnn-train data verify` says which and why")
            }
            return lines.joined(separator: "\n")
        }
    }
}

extension DatasetStatistics.Extent {
    fileprivate var text: String {
        least == most ? "\(most)" : "\(least) to \(most), half of them at most \(median)"
    }
}
