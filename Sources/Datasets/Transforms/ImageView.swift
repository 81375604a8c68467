package import Tensors

/// A way to look at an image in evaluation: mirrored, moved, or both.
package struct ImageView: Hashable, Sendable {
    package let isMirrored: Bool
    /// Pixels that the image is moved up and left by; below 0 down and right. What is missing at the edges is
    /// reflected.
    package let shift: Int

    package init(isMirrored: Bool, shift: Int) {
        self.isMirrored = isMirrored
        self.shift = shift
    }

    /// Returns the images as this view shows them.
    ///
    /// - Parameter side: Pixels a side.
    package func callAsFunction(_ images: any BatchImages, side: Int) -> any BatchImages {
        self == ImageView(isMirrored: false, shift: 0) ? images : ViewedImages(view: self, images: images, side: side)
    }
}

private struct ViewedImages: BatchImages {
    let view: ImageView
    let images: any BatchImages
    let side: Int

    var count: Int { images.count }
    var sampleCount: Int { images.sampleCount }

    func write(_ index: Int, into slot: inout MutableSpan<Float>) {
        let channels = sampleCount / (side * side)
        var pixels = [Float](repeating: 0, count: sampleCount)
        var span = pixels.mutableSpan
        images.write(index, into: &span)
        // The mirror image is moved, not the moved image mirrored.
        let columns = (0..<side).map { column in
            let from = Margin.reflection(of: column + view.shift, in: side)
            return view.isMirrored ? side - 1 - from : from
        }
        for row in 0..<side {
            let line = Margin.reflection(of: row + view.shift, in: side) * side
            for column in 0..<side {
                let (from, to) = ((line + columns[column]) * channels, (row * side + column) * channels)
                for channel in 0..<channels { slot[to + channel] = pixels[from + channel] }
            }
        }
    }
}
