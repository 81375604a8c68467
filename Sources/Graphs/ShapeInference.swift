package import Networks
package import Tensors

extension Graph {
    /// Pixels a side that images may have. Above that, products of counts might overflow.
    package static let imageSizes = 1...65_536
}

extension Network {
    /// Returns the shape of each layer's output for square images of `imageSize` pixels, as the network sees it:
    /// flattened maps are vectors.
    ///
    /// - Throws: `GraphError.invalidImageSize`, or `.imageTooSmall` for the first layer whose window does not fit.
    package func shapes(imageSize: Int) throws(GraphError) -> [Shape] {
        guard Graph.imageSizes.contains(imageSize) else { throw .invalidImageSize(found: imageSize) }
        do throws(Misfit) {
            return try inferredShapes(imageSize: imageSize)
        } catch {
            throw .imageTooSmall(
                network: name, imageSize: imageSize, layer: error.layer, window: error.window, found: error.found,
                smallest: smallestImageSize())
        }
    }

    /// Returns the smallest image size in which every layer's window fits, found by trying; nil where it is above 1024.
    package func smallestImageSize() -> Int? {
        (1...1024).first(where: takes)
    }

    /// Whether every layer's window fits.
    package func takes(imageSize: Int) -> Bool { (try? inferredShapes(imageSize: imageSize)) != nil }

    private func inferredShapes(imageSize: Int) throws(Misfit) -> [Shape] {
        var shapes: [Shape] = []
        for layer in layers {
            let inputs = layer.inputs.map { shapes[$0] }
            let shape =
                if case .input = layer.operation {
                    Shape(height: imageSize, width: imageSize, channels: inputChannels)
                } else {
                    try layer.outputShape(of: inputs)
                }
            shapes.append(shape)
        }
        return shapes
    }
}

/// A window that is larger than the padded map.
private struct Misfit: Error {
    let layer: String
    let window: Int
    /// The map with its padding.
    let found: Shape
}

extension Layer {
    /// Returns the output's shape for inputs of these shapes.
    fileprivate func outputShape(of inputs: [Shape]) throws(Misfit) -> Shape {
        let x = inputs[0]
        switch operation {
        case .input, .relu, .relu6, .sigmoid, .tanh, .gelu, .scale, .batchNorm, .localResponseNormalization, .dropout:
            return x
        case .convolution(let convolution):
            return try slid(convolution.window, over: x, channels: convolution.outputs)
        case .linear(let linear):
            precondition(x.pixels == 1, "\(name) is linear and needs a vector: flatten its input of \(x)")
            return Shape(features: linear.outputs)
        case .maxPool(let window), .averagePool(let window):
            return try slid(window, over: x, channels: x.channels)
        case .adaptiveAveragePool(let height, let width):
            return Shape(height: height, width: width, channels: x.channels)
        case .concatenate:
            for other in inputs {
                precondition(other.height == x.height && other.width == x.width, "\(name) joins \(inputs)")
            }
            return Shape(height: x.height, width: x.width, channels: inputs.reduce(0) { $0 + $1.channels })
        case .add:
            precondition(inputs.allSatisfy { $0 == x }, "\(name) adds \(inputs)")
            return x
        case .flatten:
            return Shape(features: x.count)
        }
    }

    private func slid(_ window: Window, over x: Shape, channels: Int) throws(Misfit) -> Shape {
        guard let height = window.positions(along: x.height), let width = window.positions(along: x.width) else {
            let margin = 2 * window.padding
            let found = Shape(height: x.height + margin, width: x.width + margin, channels: x.channels)
            throw Misfit(layer: name, window: window.kernel, found: found)
        }
        return Shape(height: height, width: width, channels: channels)
    }
}

extension Layer.Window {
    /// Counts the places that the window takes along `extent` pixels, as PyTorch does; nil where there is none.
    fileprivate func positions(along extent: Int) -> Int? {
        // Rounding up lets one more window end outside, even where not one is inside ...
        let room = extent + 2 * padding - kernel + (ceilMode ? stride - 1 : 0)
        guard room >= 0 else { return nil }
        let places = room / stride + 1
        // ... if it begins inside the map or its leading padding.
        return ceilMode && (places - 1) * stride >= extent + padding ? places - 1 : places
    }
}
