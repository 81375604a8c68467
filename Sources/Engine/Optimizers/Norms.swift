internal import Graphs
internal import Kernels
internal import Tensors

// Norms are lengths of vectors: roots of sums of squares. Squares are added up in eight chains of Doubles a chunk,
// chunks in their order, parameters in theirs: the same bits with any number of threads and ranks, on any CPU.

extension UpdateStep {
    /// The norm of each parameter's numbers in an arena, by `Optimizer.Parameter.place`.
    func norms(of arena: UnsafePointer<Float>) -> [Double] {
        optimizer.sumsOfSquares(of: arena, on: pool).map { $0.squareRoot() }
    }
}

extension Engine {
    /// The norm of all gradients but those of frozen parameters.
    package func gradientNorm() -> Double {
        let sums = optimizer.sumsOfSquares(of: gradients.baseAddress, on: pool)
        // In the order of their names, which the order of the backward pass does not change.
        let moved = optimizer.parameters.filter { $0.rate != 0 }.sorted { $0.id.index < $1.id.index }
        return moved.reduce(0) { $0 + sums[$1.place] }.squareRoot()
    }

    /// Makes all gradients shorter alike where their norm is more than `limit`, as torch's `clip_grad_norm_` does.
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

    /// Brings each gradient's number into -limit...limit.
    package func clipGradients(toValue limit: Float) {
        forEachChunkOfGradients { values, count in
            for index in 0..<count { values[index] = max(-limit, min(limit, values[index])) }
        }
    }

    /// Calls `body` with all gradients, some at a time, on all threads.
    func forEachChunkOfGradients(_ body: @escaping @Sendable (UnsafeMutablePointer<Float>, Int) -> Void) {
        let chunk = 1 << 16
        let count = gradients.count
        // It stays put until the pool is done.
        nonisolated(unsafe) let address = gradients.baseAddress
        pool.run((count + chunk - 1) / chunk, UnsafeRawPointer(address)) { _, task, _ in
            body(address + task * chunk, min(chunk, count - task * chunk))
        }
    }
}

/// The sum of squares of numbers that are a multiple of eight, in eight chains.
func sumOfSquares(_ values: UnsafePointer<Float>, _ count: Int) -> Double {
    var (a, b, c, d) = (0.0, 0.0, 0.0, 0.0)
    var (e, f, g, h) = (0.0, 0.0, 0.0, 0.0)
    for i in stride(from: 0, to: count, by: 8) {
        // Each square is exact.
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
