package import Tensors

/// Convolution (cross-correlation, as every framework has it). N, C, H, W, K, R, S, P, Q as in `Reference`.
///
///     y[n,p,q,k]  = b[k] + sum over r, s, c of x[n, p*stride - padding + r, q*stride - padding + s, c] * w[k,c,r,s]
///     dx[n,h,w,c] = sum over the (p, q, r, s) that reach (h, w), and k, of dy[n,p,q,k] * w[k,c,r,s]
///     dw[k,c,r,s] = sum over n, p, q of dy[n,p,q,k] * x[n, p*stride - padding + r, q*stride - padding + s, c]
///     db[k]       = sum over n, p, q of dy[n,p,q,k]
///
/// x outside the map is 0. P = (H + 2 padding - R) / stride + 1, Q likewise.
extension Reference {
    /// y. A nil `bias` is zeros.
    package static func convolution(
        _ x: Maps, weight: Filters, bias: [Double]?, stride: Int, padding: Int
    ) -> Maps {
        precondition(weight.inputs == x.shape.channels, "filters of \(weight.inputs) inputs on \(x.shape)")
        let shape = Shape(
            height: (x.shape.height + 2 * padding - weight.height) / stride + 1,
            width: (x.shape.width + 2 * padding - weight.width) / stride + 1, channels: weight.outputs)
        var y = Maps(samples: x.samples, shape: shape)
        forEachTap(x.samples, x.shape, y.shape, weight, stride, padding) { n, p, q, h, w, r, s in
            for k in 0..<weight.outputs {
                var sum = 0.0
                for c in 0..<weight.inputs { sum += x[n, h, w, c] * weight[k, c, r, s] }
                y[n, p, q, k] += sum
            }
        }
        guard let bias else { return y }
        for index in y.values.indices { y.values[index] += bias[index % weight.outputs] }
        return y
    }

    /// dx, for an x of `shape`.
    package static func convolutionDataGradient(
        _ dy: Maps, weight: Filters, stride: Int, padding: Int, shape: Shape
    ) -> Maps {
        var dx = Maps(samples: dy.samples, shape: shape)
        forEachTap(dy.samples, shape, dy.shape, weight, stride, padding) { n, p, q, h, w, r, s in
            for k in 0..<weight.outputs {
                let gradient = dy[n, p, q, k]
                for c in 0..<weight.inputs { dx[n, h, w, c] += gradient * weight[k, c, r, s] }
            }
        }
        return dx
    }

    /// dw and db, for kernels of `height` x `width`.
    package static func convolutionWeightGradient(
        _ x: Maps, _ dy: Maps, height: Int, width: Int, stride: Int, padding: Int
    ) -> (weight: Filters, bias: [Double]) {
        var dw = Filters(outputs: dy.shape.channels, inputs: x.shape.channels, height: height, width: width)
        forEachTap(x.samples, x.shape, dy.shape, dw, stride, padding) { n, p, q, h, w, r, s in
            for k in 0..<dy.shape.channels {
                let gradient = dy[n, p, q, k]
                for c in 0..<x.shape.channels { dw[k, c, r, s] += gradient * x[n, h, w, c] }
            }
        }
        var db = Array(repeating: 0.0, count: dy.shape.channels)
        for (index, gradient) in dy.values.enumerated() { db[index % db.count] += gradient }
        return (dw, db)
    }

    /// Calls `body` with (n, p, q, h, w, r, s) wherever tap (r, s) of output pixel (p, q) lies on input pixel (h, w).
    private static func forEachTap(
        _ samples: Int, _ input: Shape, _ output: Shape, _ filters: Filters, _ stride: Int, _ padding: Int,
        _ body: (Int, Int, Int, Int, Int, Int, Int) -> Void
    ) {
        let rows = Window(extent: input.height, kernel: filters.height, stride: stride, padding: padding)
        let columns = Window(extent: input.width, kernel: filters.width, stride: stride, padding: padding)
        for n in 0..<samples {
            for p in 0..<output.height {
                for q in 0..<output.width {
                    for r in rows.taps(at: p) {
                        for s in columns.taps(at: q) {
                            body(n, p, q, rows.place(r, at: p), columns.place(s, at: q), r, s)
                        }
                    }
                }
            }
        }
    }
}
