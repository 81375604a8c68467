package import Datasets
import Engine
import Graphs
package import Tensors

/// The places of a picture that speak for a class: the part of the class's score from each pixel of the network's last
/// map.
package struct ActivationMap: Equatable, Sendable {
    package let height: Int
    package let width: Int
    /// The parts row by row; below 0 where a pixel speaks against the class.
    package let values: [Float]

    package init(height: Int, width: Int, values: [Float]) {
        precondition(values.count == height * width, "\(values.count) values for \(width) x \(height) pixels")
        self.height = height
        self.width = width
        self.values = values
    }

    /// Makes the map of a class.
    ///
    /// - Parameters:
    ///   - features: the last map, height x width x channels.
    ///   - weights: the class's row of the linear layer, one weight for each channel.
    package init(of features: [Float], _ shape: Shape, weights: [Float]) {
        let values = (0..<shape.pixels).map { pixel in
            var sum: Float = 0
            for channel in 0..<shape.channels { sum += features[pixel * shape.channels + channel] * weights[channel] }
            return sum
        }
        self.init(height: shape.height, width: shape.width, values: values)
    }

    /// Returns the map at another size, by bilinear interpolation between the centres of its pixels.
    package func resized(to side: Int) -> ActivationMap {
        func places(_ length: Int) -> [(first: Int, second: Int, share: Float)] {
            (0..<side).map { place in
                let middle = (Float(place) + 0.5) * Float(length) / Float(side) - 0.5
                let first = min(max(middle.rounded(.down), 0), Float(length - 1))
                let second = min(Int(first) + 1, length - 1)
                return (Int(first), second, min(max(middle - first, 0), 1))
            }
        }
        let (rows, columns) = (places(height), places(width))
        var resized: [Float] = []
        resized.reserveCapacity(side * side)
        for row in rows {
            for column in columns {
                func between(_ y: Int) -> Float {
                    let (a, b) = (values[y * width + column.first], values[y * width + column.second])
                    return a + (b - a) * column.share
                }
                let (above, below) = (between(row.first), between(row.second))
                resized.append(above + (below - above) * row.share)
            }
        }
        return ActivationMap(height: side, width: side, values: resized)
    }

    /// The place in the picture that speaks most for the class, in words: `above left`, `in the middle`.
    package var strongestPlace: String {
        guard let most = values.indices.max(by: { values[$0] < values[$1] }) else { return "nowhere" }
        let (row, column) = (Double(most / width) + 0.5, Double(most % width) + 0.5)
        func third(_ place: Double, _ length: Int, _ names: [String]) -> String {
            names[min(Int(place / Double(length) * 3), 2)]
        }
        let words = [
            third(row, height, ["above", "", "below"]), third(column, width, ["left", "", "right"]),
        ].filter { !$0.isEmpty }
        return words.isEmpty ? "in the middle" : words.joined(separator: " ")
    }
}

extension ActivationMap {
    /// Returns the picture with the map over it: red to yellow where pixels speak for the class, and unchanged
    /// elsewhere.
    ///
    /// - Parameter picture: a square one.
    package func laid(over picture: Image) -> Image {
        let heat = resized(to: picture.width)
        let most = heat.values.max() ?? 0
        guard most > 0, picture.height == picture.width else { return picture }
        var pixels = picture.pixels
        for (place, value) in heat.values.enumerated() where value > 0 {
            let strength = value / most
            let cover = Self.mostCover * strength
            let colour: [Float] = [255, 220 * strength, 0]
            for channel in 0..<3 {
                let own = Float(pixels[3 * place + channel])
                pixels[3 * place + channel] = UInt8((own + (colour[channel] - own) * cover).rounded())
            }
        }
        return Image(height: picture.height, width: picture.width, pixels: pixels)
    }

    /// The opacity of the heat's colour where it is strongest.
    private static let mostCover: Float = 0.65
}

/// A prediction for a picture, and the picture with the map of the places that speak for it.
package struct ShownPrediction: Sendable {
    package let prediction: Prediction
    package let picture: Image
    /// The map of the likeliest class; nil where the network has no such map.
    package let map: ActivationMap?
}

extension Predictor {
    /// The reason why there are no maps; nil where there are.
    package var mapsMissing: String? {
        guard let classActivation else {
            return
                "\(model) does not end in an average over its last map and a linear layer, so that it does not say "
                + "where it looks"
        }
        guard classActivation.shape.pixels > 1 else {
            return "the last map of \(model) has a single pixel at \(imageSize) x \(imageSize): it does not say where"
        }
        return nil
    }

    /// Returns the prediction for a picture's file, with the map of the likeliest class if maps were asked for.
    ///
    /// - Throws: as `prediction(ofFile:)`.
    package func shownPrediction(ofFile path: String) throws -> ShownPrediction {
        let pixels = try pixels(ofFile: path)
        let prediction = try prediction(pixels, of: path)
        let label = prediction.top(1).first?.label ?? 0
        return ShownPrediction(
            prediction: prediction, picture: picture(of: pixels),
            map: mapsMissing == nil ? activationMap(of: label) : nil)
    }

    /// Returns the map of a class for the last picture; nil where there is none.
    package func activationMap(of label: Int) -> ActivationMap? {
        guard let classActivation else { return nil }
        let (shape, features) = (classActivation.shape, engine.values(of: classActivation.map))
        guard features.count >= shape.count else { return nil }
        let first = Array(features.prefix(shape.count))
        guard let weight = classActivation.weight else {
            // Each class has a channel of its own.
            let own = (0..<shape.channels).map { $0 == label ? Float(1) : 0 }
            return ActivationMap(of: first, shape, weights: own)
        }
        let rows = engine.values(of: weight)
        let own = Array(rows[label * shape.channels..<(label + 1) * shape.channels])
        return ActivationMap(of: first, shape, weights: own)
    }

    /// Returns the network's input pixels as a picture.
    private func picture(of pixels: [Float]) -> Image {
        guard let normalisation = presentation?.normalisation else {
            preconditionFailure("what was shown was no picture")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(imageSize * imageSize * 3)
        for pixel in 0..<imageSize * imageSize {
            for colour in 0..<3 {
                // A grey picture gives all three colours the same channel.
                let channel = min(colour, channels - 1)
                let value = pixels[pixel * channels + channel] * normalisation.deviations[channel]
                bytes.append(UInt8(max(0, min(255, ((value + normalisation.means[channel]) * 255).rounded()))))
            }
        }
        return Image(height: imageSize, width: imageSize, pixels: bytes)
    }
}
