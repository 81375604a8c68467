import Runs

/// The confusion matrix as a picture: a row for each class, a column for each prediction, the darker the larger the
/// share of the row's samples; blue where both are the same, red where not.
enum ConfusionPicture {
    /// Pixels a side, about; a matrix of more classes has a pixel a class.
    private static let side = 480

    /// - Returns: nil where nothing was counted.
    static func of(_ detail: EvaluationDetail) -> Picture? {
        let classes = detail.classes.count
        guard classes > 0, !detail.confusion.isEmpty else { return nil }
        let cell = max(1, side / classes)
        let width = classes * cell
        var totals = [Int](repeating: 0, count: classes)
        let entries = detail.confusion.filter { $0.count == 3 && $0[0..<2].allSatisfy { 0..<classes ~= $0 } }
        for entry in entries { totals[entry[0]] += entry[2] }
        var pixels = [UInt8](repeating: 255, count: width * width * 3)
        for entry in entries where entry[2] > 0 {
            let (label, predicted) = (entry[0], entry[1])
            let colour = colour(share: Double(entry[2]) / Double(totals[label]), isRight: label == predicted)
            for row in label * cell..<(label + 1) * cell {
                for column in predicted * cell..<(predicted + 1) * cell {
                    let place = (row * width + column) * 3
                    for channel in 0..<3 { pixels[place + channel] = colour[channel] }
                }
            }
        }
        return Picture(width: width, height: width, pixels: pixels)
    }

    private static func colour(share: Double, isRight: Bool) -> [UInt8] {
        let darkest: [Double] = isRight ? [8, 48, 107] : [103, 0, 13]
        // A single mistake of a thousand is still to be seen.
        let weight = min(1, 0.08 + 0.92 * share.squareRoot())
        return darkest.map { UInt8(255 - (255 - $0) * weight) }
    }
}
