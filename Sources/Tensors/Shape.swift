/// The extent of one sample's feature map, stored height x width x channels (NHWC without the N).
///
/// The batch is never part of a shape: a network and a graph have the shapes of one sample, an execution plan adds the
/// number of samples.
package struct Shape: Hashable, Sendable {
    /// Rows of pixels.
    package var height: Int
    /// Pixels in a row.
    package var width: Int
    /// Features of a pixel.
    package var channels: Int

    package init(height: Int, width: Int, channels: Int) {
        self.height = height
        self.width = width
        self.channels = channels
    }

    /// A vector of `features`: a map of one pixel.
    package init(features: Int) {
        self.init(height: 1, width: 1, channels: features)
    }

    package var pixels: Int { height * width }

    /// Numbers in one sample.
    package var count: Int { height * width * channels }
}

extension Shape: CustomStringConvertible {
    package var description: String {
        pixels == 1 ? "\(channels)" : "\(height)x\(width)x\(channels)"
    }
}
