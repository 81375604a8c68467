internal import Graphs
internal import Kernels
internal import Tensors

// Norms are lengths of vectors: roots of sums of squares. A chunk's squares are added in eight chains of Doubles, then
// the chunks and the parameters in their order: the same bits with any number of threads and ranks, on any CPU.

extension UpdateStep {
    /// Returns the norm of each parameter's numbers in an arena, by `Optimizer.Parameter.place`.
    func norms(of arena: UnsafePointer<Float>) -> [Double] {
        optimizer.sumsOfSquares(of: arena, on: pool).map { $0.squareRoot() }
    }
}

extension Engine {
    /// Returns the norm of all gradients except those of frozen parameters.
    package func gradientNorm() -> Double {
        let sums = optimizer.sumsOfSquares(of: gradients.baseAddress, on: pool)
        // By index, an order that does not depend on the backward pass.
        let moved = optimizer.parameters.filter { $0.rate != 0 }.sorted { $0.id.index < $1.id.index }
        return moved.reduce(0) { $0 + sums[$1.place] }.squareRoot()
    }

    /// Scales all gradients down to a norm of `limit` where theirs is larger, as torch's `clip_grad_norm_` does.
    ///
    /// - Returns: the norm before.
    @discardableResult
    package func clipGradients(toNorm limit: Double) -> Double {
        let norm = gradientNorm()
        let share = Float(limit / (norm + 1e-6))
        if share < 1 {
            forEachChunkOfGradients { values, count in
                for index in 0..<count { values[index] *= share }
            }
        }
        return norm
    }

    /// Clamps each gradient to -limit...limit.
    package func clipGradients(toValue limit: Float) {
        forEachChunkOfGradients { values, count in
            for index in 0..<count { values[index] = max(-limit, min(limit, values[index])) }
        }
    }

    /// Calls `body` with all gradients, some at a time, on all threads.
    func forEachChunkOfGradients(_ body: @escaping @Sendable (UnsafeMutablePointer<Float>, Int) -> Void) {
        let chunk = 1 << 16
        let count = gradients.count
        // The memory stays in place until the pool is done.
        nonisolated(unsafe) let address = gradients.baseAddress
        pool.run((count + chunk - 1) / chunk, UnsafeRawPointer(address)) { _, task, _ in
            body(address + task * chunk, min(chunk, count - task * chunk))
        }
    }
}

/// Returns the sum of squares of `count` numbers, a multiple of eight, in eight chains.
func sumOfSquares(_ values: UnsafePointer<Float>, _ count: Int) -> Double {
    var (a, b, c, d) = (0.0, 0.0, 0.0, 0.0)
    var (e, f, g, h) = (0.0, 0.0, 0.0, 0.0)
    for i in stride(from: 0, to: count, by: 8) {
        // Each square is exact in a Double.
        a += square(values[i])
        b += square(values[i + 1])
        c += square(values[i + 2])
        d += square(values[i + 3])
        e += square(values[i + 4])
        f += square(values[i + 5])
        g += square(values[i + 6])
        h += square(values[i + 7])
    }
    return ((a + b) + (c + d)) + ((e + f) + (g + h))
}

private func square(_ value: Float) -> Double { Double(value) * Double(value) }
