package import Tensors

/// Adaptive average pooling to P x Q pixels: window p covers rows floor(p H / P) ..< ceil((p + 1) H / P), columns
/// likewise. Windows may overlap.
///
///     y[n,p,q,c] = the mean of x[n,h,w,c] over the window of (p, q)
///     dx[n,h,w,c] = sum over the windows that hold (h, w) of dy[n,p,q,c] / pixels of the window
extension Reference {
    package static func adaptiveAveragePool(_ x: Maps, height: Int, width: Int) -> Maps {
        let shape = Shape(height: height, width: width, channels: x.shape.channels)
        var y = Maps(samples: x.samples, shape: shape)
        forEachShare(x.samples, x.shape, shape) { n, p, q, h, w, area in
            for c in 0..<shape.channels { y[n, p, q, c] += x[n, h, w, c] / area }
        }
        return y
    }

    /// dx, for an x of `shape`.
    package static func adaptiveAveragePoolGradient(_ dy: Maps, shape: Shape) -> Maps {
        var dx = Maps(samples: dy.samples, shape: shape)
        forEachShare(dy.samples, shape, dy.shape) { n, p, q, h, w, area in
            for c in 0..<shape.channels { dx[n, h, w, c] += dy[n, p, q, c] / area }
        }
        return dx
    }

    /// Calls `body` with (n, p, q, h, w, area) for each pixel (h, w) in the window of (p, q).
    private static func forEachShare(
        _ samples: Int, _ input: Shape, _ output: Shape, _ body: (Int, Int, Int, Int, Int, Double) -> Void
    ) {
        func window(_ position: Int, _ extent: Int, _ count: Int) -> Range<Int> {
            (position * extent / count)..<(((position + 1) * extent + count - 1) / count)
        }
        for n in 0..<samples {
            for p in 0..<output.height {
                for q in 0..<output.width {
                    let rows = window(p, input.height, output.height)
                    let columns = window(q, input.width, output.width)
                    for h in rows {
                        for w in columns { body(n, p, q, h, w, Double(rows.count * columns.count)) }
                    }
                }
            }
        }
    }
}
