import Tensors

/// Max pooling with square windows of `kernel`; R = S = kernel, P and Q by `pooledExtent`. Padding never wins.
///
///     y[n,p,q,c] = max over r, s of x[n, p*stride - padding + r, q*stride - padding + s, c]
///     dx[n,h,w,c] = sum of dy[n,p,q,c] over the windows whose first maximum, in row order, is (h, w)
extension Reference {
    package static func maxPool(_ x: Maps, kernel: Int, stride: Int, padding: Int, ceilMode: Bool) -> Maps {
        let shape = pooledShape(x.shape, kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
        var y = Maps(samples: x.samples, shape: shape)
        forEachMaximum(x, shape, kernel, stride, padding) { n, p, q, h, w, c in y[n, p, q, c] = x[n, h, w, c] }
        return y
    }

    package static func maxPoolGradient(_ x: Maps, _ dy: Maps, kernel: Int, stride: Int, padding: Int) -> Maps {
        var dx = Maps(samples: x.samples, shape: x.shape)
        forEachMaximum(x, dy.shape, kernel, stride, padding) { n, p, q, h, w, c in dx[n, h, w, c] += dy[n, p, q, c] }
        return dx
    }

    /// Calls `body` with (n, p, q, h, w, c) for each output (p, q, c), whose first maximum is at (h, w).
    private static func forEachMaximum(
        _ x: Maps, _ output: Shape, _ kernel: Int, _ stride: Int, _ padding: Int,
        _ body: (Int, Int, Int, Int, Int, Int) -> Void
    ) {
        let rows = Window(extent: x.shape.height, kernel: kernel, stride: stride, padding: padding)
        let columns = Window(extent: x.shape.width, kernel: kernel, stride: stride, padding: padding)
        for n in 0..<x.samples {
            for p in 0..<output.height {
                for q in 0..<output.width {
                    for c in 0..<output.channels {
                        var best = (h: 0, w: 0, value: -Double.infinity)
                        for r in rows.taps(at: p) {
                            for s in columns.taps(at: q) {
                                let (h, w) = (rows.place(r, at: p), columns.place(s, at: q))
                                if x[n, h, w, c] > best.value { best = (h, w, x[n, h, w, c]) }
                            }
                        }
                        body(n, p, q, best.h, best.w, c)
                    }
                }
            }
        }
    }
}
