extension Image {
    /// Returns the middle square of the picture, `side` pixels a side, after its shorter side has been resized to
    /// `shorter` pixels, or to `side` where that is nil.
    ///
    /// The result is that of torchvision's `Resize(shorter)` and `CenterCrop(side)`, to the byte.
    package func covering(side: Int, shorter: Int? = nil, filter: ResamplingFilter = .bilinear) -> Image {
        precondition(side > 0 && shorter ?? side >= side, "a picture of \(side) pixels a side")
        let framing = Framing(middleOf: height, width, shorter: shorter ?? side, side: side)
        return resized(rows: framing.height, columns: framing.width, window: framing.inside, filter: filter)
    }

    /// Returns the picture with `rows` x `columns` pixels.
    package func resized(rows: Int, columns: Int, filter: ResamplingFilter = .bilinear) -> Image {
        precondition(rows > 0 && columns > 0, "a picture cannot become one of \(columns) x \(rows) pixels")
        return resized(rows: rows, columns: columns, window: (0..<rows, 0..<columns), filter: filter)
    }

    /// Returns the part of the resized picture inside `window`; computes only that.
    private func resized(
        rows: Int, columns: Int, window: (rows: Range<Int>, columns: Range<Int>), filter: ResamplingFilter
    ) -> Image {
        var resampler = Resampler()
        let support = resampler.prepare(
            height: height, width: width, to: (rows, columns), window: window, filter: filter)
        let length = 3 * support.columns.count
        let part = [UInt8](capacity: support.rows.count * length) { output in
            for row in support.rows {
                let first = 3 * (row * width + support.columns.lowerBound)
                for place in first..<first + length { output.append(pixels[place]) }
            }
        }
        var result = [UInt8](repeating: 0, count: window.rows.count * window.columns.count * 3)
        var span = result.mutableSpan
        resampler.resize(part.span, channels: 3, into: &span)
        return Image(height: window.rows.count, width: window.columns.count, pixels: result)
    }
}
