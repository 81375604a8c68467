import Datasets
import Reports
import Runs
import Terminal
import Training

/// The predictions of a network for one picture after another, for a page and a table.
struct PredictionAlbum {
    private let predictor: Predictor
    /// Classes that are named of each picture.
    private let top: Int
    private let showsPictures: Bool
    private var entries: [PredictionPage.Entry] = []

    /// Pictures of a page: with more it would be too large to open.
    private static let mostPictures = 500

    init(_ predictor: Predictor, top: Int, showsPictures: Bool) {
        self.predictor = predictor
        self.top = min(top, predictor.classNames.count)
        self.showsPictures = showsPictures
    }

    mutating func add(_ shown: ShownPrediction, of path: String) {
        var entry = PredictionPage.Entry(name: path)
        entry.scores = shown.prediction.top(top).map { ($0.name, $0.probability) }
        if showsPictures, entries.count < Self.mostPictures {
            entry.picture = shown.picture.dataURL
            if let map = shown.map {
                entry.map = map.laid(over: shown.picture).dataURL
                entry.place = map.strongestPlace
            }
        }
        entries.append(entry)
    }

    /// Takes note of a file that is no picture.
    mutating func add(_ error: any Error, of path: String) {
        entries.append(PredictionPage.Entry(name: path, error: error.words))
    }

    /// - Parameter checkpoint: the network's file.
    func page(of checkpoint: String) -> PredictionPage {
        let side = predictor.imageSize
        return PredictionPage(
            title: "What \(predictor.model) sees",
            facts: [
                "\(predictor.model) of \(checkpoint), "
                    + Wording.count(predictor.classNames.count, "class", plural: "classes"),
                "\(Wording.count(entries.count, "picture")), shown to it with \(side) x \(side) pixels",
            ],
            mapsMissing: predictor.mapsMissing, entries: Array(entries.prefix(Self.mostPictures)),
            leftOut: max(entries.count - Self.mostPictures, 0))
    }

    /// Comma-separated values as RFC 4180 has them: the picture, its likeliest classes with their probabilities, and
    /// why a file could not be read.
    var table: String {
        let head = ["picture"] + (1...max(top, 1)).flatMap { ["class_\($0)", "probability_\($0)"] } + ["error"]
        let rows = entries.map { entry in
            let scores = entry.scores.flatMap { [$0.name, "\($0.probability)"] }
            let empty = [String](repeating: "", count: 2 * top - scores.count)
            return [entry.name] + scores + empty + [entry.error ?? ""]
        }
        return ([head] + rows).map { $0.map(\.csvField).joined(separator: ",") + "\r\n" }.joined()
    }
}
