package import Tensors

/// Convolution (cross-correlation, as every framework has it). N, C, H, W, K, R, S, P, Q as in `Reference`.
///
/// Output k reads the D = C / groups input channels from g(k) = floor(k / (K / groups)) * D on; d in 0 ..< D.
///
///     y[n,p,q,k]  = b[k] + sum over r, s, d of
///                   x[n, p*stride - padding + r, q*stride - padding + s, g(k) + d] * w[k,d,r,s]
///     dx[n,h,w,c] = sum over the (p, q, r, s) that reach (h, w), and the (k, d) with g(k) + d = c, of
///                   dy[n,p,q,k] * w[k,d,r,s]
///     dw[k,d,r,s] = sum over n, p, q of dy[n,p,q,k] * x[n, p*stride - padding + r, q*stride - padding + s, g(k) + d]
///     db[k]       = sum over n, p, q of dy[n,p,q,k]
///
/// x outside the map is 0. P = (H + 2 padding - R) / stride + 1, Q likewise.
extension Reference {
    /// y. A nil `bias` is zeros.
    package static func convolution(
        _ x: Maps, weight: Filters, bias: [Double]?, stride: Int, padding: Int, groups: Int = 1
    ) -> Maps {
        let part = Groups(groups, of: x.shape.channels, to: weight.outputs)
        precondition(weight.inputs == part.inputs, "filters of \(weight.inputs) inputs on \(x.shape), \(groups) groups")
        let shape = Shape(
            height: (x.shape.height + 2 * padding - weight.height) / stride + 1,
            width: (x.shape.width + 2 * padding - weight.width) / stride + 1, channels: weight.outputs)
        var y = Maps(samples: x.samples, shape: shape)
        forEachTap(x.samples, x.shape, y.shape, weight, stride, padding) { n, p, q, h, w, r, s in
            for k in 0..<weight.outputs {
                let first = part.firstInput(of: k)
                var sum = 0.0
                for d in 0..<weight.inputs { sum += x[n, h, w, first + d] * weight[k, d, r, s] }
                y[n, p, q, k] += sum
            }
        }
        guard let bias else { return y }
        for index in y.values.indices { y.values[index] += bias[index % weight.outputs] }
        return y
    }

    /// dx, for an x of `shape`.
    package static func convolutionDataGradient(
        _ dy: Maps, weight: Filters, stride: Int, padding: Int, groups: Int = 1, shape: Shape
    ) -> Maps {
        let part = Groups(groups, of: shape.channels, to: weight.outputs)
        var dx = Maps(samples: dy.samples, shape: shape)
        forEachTap(dy.samples, shape, dy.shape, weight, stride, padding) { n, p, q, h, w, r, s in
            for k in 0..<weight.outputs {
                let (first, gradient) = (part.firstInput(of: k), dy[n, p, q, k])
                for d in 0..<weight.inputs { dx[n, h, w, first + d] += gradient * weight[k, d, r, s] }
            }
        }
        return dx
    }

    /// dw and db, for kernels of `height` x `width`.
    package static func convolutionWeightGradient(
        _ x: Maps, _ dy: Maps, height: Int, width: Int, stride: Int, padding: Int, groups: Int = 1
    ) -> (weight: Filters, bias: [Double]) {
        let part = Groups(groups, of: x.shape.channels, to: dy.shape.channels)
        var dw = Filters(outputs: dy.shape.channels, inputs: part.inputs, height: height, width: width)
        forEachTap(x.samples, x.shape, dy.shape, dw, stride, padding) { n, p, q, h, w, r, s in
            for k in 0..<dy.shape.channels {
                let (first, gradient) = (part.firstInput(of: k), dy[n, p, q, k])
                for d in 0..<part.inputs { dw[k, d, r, s] += gradient * x[n, h, w, first + d] }
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

/// The groups of a grouped convolution: equal parts of the channels, each output reading its own part only.
private struct Groups {
    /// D, the input channels of one group.
    let inputs: Int
    private let outputs: Int

    init(_ count: Int, of inputs: Int, to outputs: Int) {
        precondition(
            inputs.isMultiple(of: count) && outputs.isMultiple(of: count),
            "\(count) groups from \(inputs) to \(outputs) channels")
        self.inputs = inputs / count
        self.outputs = outputs / count
    }

    /// g(k)
    func firstInput(of k: Int) -> Int { k / outputs * inputs }
}
