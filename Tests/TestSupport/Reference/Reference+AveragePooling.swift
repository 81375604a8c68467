package import Tensors

/// Average pooling with square windows of `kernel`; P and Q by `pooledExtent`. Padding counts as zeros; places beyond
/// the padding, which ceil mode's windows reach, do not count at all (torch's `count_include_pad=True`).
///
///     y[n,p,q,c] = sum over r, s of x[n, p*stride - padding + r, q*stride - padding + s, c] / area[p,q]
///     dx[n,h,w,c] = sum over the windows that hold (h, w) of dy[n,p,q,c] / area[p,q]
extension Reference {
    package static func averagePool(_ x: Maps, kernel: Int, stride: Int, padding: Int, ceilMode: Bool) -> Maps {
        let shape = pooledShape(x.shape, kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
        var y = Maps(samples: x.samples, shape: shape)
        forEachWindow(x.samples, x.shape, shape, kernel, stride, padding) { n, p, q, h, w, area in
            for c in 0..<shape.channels { y[n, p, q, c] += x[n, h, w, c] / area }
        }
        return y
    }

    /// dx, for an x of `shape`.
    package static func averagePoolGradient(_ dy: Maps, kernel: Int, stride: Int, padding: Int, shape: Shape) -> Maps {
        var dx = Maps(samples: dy.samples, shape: shape)
        forEachWindow(dy.samples, shape, dy.shape, kernel, stride, padding) { n, p, q, h, w, area in
            for c in 0..<shape.channels { dx[n, h, w, c] += dy[n, p, q, c] / area }
        }
        return dx
    }

    /// Calls `body` with (n, p, q, h, w, area) for each pixel (h, w) in the window of (p, q).
    private static func forEachWindow(
        _ samples: Int, _ input: Shape, _ output: Shape, _ kernel: Int, _ stride: Int, _ padding: Int,
        _ body: (Int, Int, Int, Int, Int, Double) -> Void
    ) {
        let rows = Window(extent: input.height, kernel: kernel, stride: stride, padding: padding)
        let columns = Window(extent: input.width, kernel: kernel, stride: stride, padding: padding)
        for n in 0..<samples {
            for p in 0..<output.height {
                for q in 0..<output.width {
                    let area = Double(rows.reach(at: p) * columns.reach(at: q))
                    for r in rows.taps(at: p) {
                        for s in columns.taps(at: q) {
                            body(n, p, q, rows.place(r, at: p), columns.place(s, at: q), area)
                        }
                    }
                }
            }
        }
    }
}

extension Reference.Window {
    /// Counts the taps of window `position` that fall on the axis or its padding.
    fileprivate func reach(at position: Int) -> Int {
        Swift.min(kernel, extent + 2 * padding - position * stride)
    }
}
