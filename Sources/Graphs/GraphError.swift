package import Tensors

/// The reasons for which a network does not take images of some size.
package enum GraphError: Error, Hashable, Sendable {
    /// An image size outside `Graph.imageSizes`.
    case invalidImageSize(found: Int)
    /// A layer's window no longer fits into the map that the layers before it leave of the image.
    ///
    /// - Parameters:
    ///   - window: Pixels a side that the layer looks at.
    ///   - found: The map it would look at, padding included.
    ///   - smallest: The smallest image size that the network takes; nil where none was found.
    case imageTooSmall(network: String, imageSize: Int, layer: String, window: Int, found: Shape, smallest: Int?)
}

extension GraphError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidImageSize(let found):
            let sizes = Graph.imageSizes
            return "Images of \(found) pixels a side were asked for; give \(sizes.lowerBound) to \(sizes.upperBound)."
        case .imageTooSmall(let network, let imageSize, let layer, let window, let found, let smallest):
            let remedy =
                smallest.map { "The smallest image size that \(network) takes is \($0)." }
                ?? "No image size was found that \(network) takes."
            return """
                With images of \(imageSize) pixels, \(network)'s layer \(layer) gets a map of \
                \(found.height)x\(found.width) pixels, padding included, and needs \(window)x\(window). \(remedy)
                """
        }
    }
}
