internal import Compiler
internal import KernelInterface
internal import Kernels
internal import Tensors

extension Muon {
    /// The Newton-Schulz iteration of one matrix, with Jordan's coefficients: with s = x xᵀ, x = a x + (b s + c s s) x.
    /// It replaces the gradient by a nearly orthogonal matrix, with singular values from 0.7 to 1.2.
    struct Iteration {
        private static let (a, b, c): (Float, Float, Float) = (3.4445, -4.7750, 2.0315)
        /// The addend to the norm by which the gradient is first divided.
        private static let epsilon = 1e-7

        private let step: UpdateStep
        private let packing: Packing
        private let gradient: UnsafeMutablePointer<Float>
        private let size: MatrixSize
        /// The rows of x, padded; x has at least as many columns.
        private let rows: Int
        private let columns: Int
        /// Whether the columns of x are outputs.
        private let isTransposed: Bool

        /// Returns the floats of scratch memory: x, the next x and its transposition, s, and the polynomial in s.
        static func floats(_ size: MatrixSize) -> Int {
            let (short, long) = padded(size)
            return 3 * short * long + 2 * short * short
        }

        private static func padded(_ size: MatrixSize) -> (short: Int, long: Int) {
            ((min(size.rows, size.columns) + 31) / 32 * 32, (max(size.rows, size.columns) + 31) / 32 * 32)
        }

        init(_ step: UpdateStep, _ parameter: Optimizer.Parameter) {
            guard let packing = parameter.entry.packing, let size = parameter.matrix else {
                preconditionFailure("\(parameter.name) is no matrix")
            }
            self.step = step
            self.packing = packing
            self.size = size
            gradient = step.gradients + parameter.entry.offset
            (rows, columns) = Self.padded(size)
            isTransposed = size.rows > size.columns
        }

        func run(_ iterations: Int) {
            let floats = rows * columns
            var x = step.optimizer.scratch.baseAddress
            var next = x + floats
            let transposed = next + floats
            let s = transposed + floats
            let polynomial = s + rows * rows
            gather(x)
            for _ in 0..<iterations {
                multiply(step.kernels.matrixTranspose, x, nil, to: transposed, steps: columns, tasks: floats / 1024)
                multiply(
                    step.kernels.matrixProduct, x, transposed, to: s, steps: columns, tasks: rows * rows / 1024)
                multiply(
                    step.kernels.matrixProduct, s, s, to: polynomial, scale: Self.c, plus: Self.b, of: s, steps: rows,
                    tasks: rows * rows / 1024)
                multiply(
                    step.kernels.matrixProduct, polynomial, x, to: next, plus: Self.a, of: x, steps: rows,
                    tasks: floats / 1024)
                swap(&x, &next)
            }
            forEachOutput { output in
                packing.forEach(output..<output + 1) { torch, packed in
                    gradient[packed] = x[place(output, torch - output * size.columns)]
                }
            }
        }

        /// Sets x to the gradient over its norm, with zeros as padding.
        private func gather(_ x: UnsafeMutablePointer<Float>) {
            let floats = rows * columns
            x.update(repeating: 0, count: floats)
            forEachOutput { output in
                packing.forEach(output..<output + 1) { torch, packed in
                    x[place(output, torch - output * size.columns)] = gradient[packed]
                }
            }
            let sums = stride(from: 0, to: floats, by: Optimizer.chunkFloats).map { start in
                sumOfSquares(x + start, min(Optimizer.chunkFloats, floats - start))
            }
            let share = Float(1 / (sums.reduce(0, +).squareRoot() + Self.epsilon))
            for index in 0..<floats { x[index] *= share }
        }

        /// Returns the index in x of the weight of an input of an output.
        @inline(__always)
        private func place(_ output: Int, _ input: Int) -> Int {
            let (row, column) = isTransposed ? (input, output) : (output, input)
            return (column / 32 * rows + row) * 32 + column % 32
        }

        /// Calls `body` for each output, on all threads.
        private func forEachOutput(_ body: @escaping (Int) -> Void) {
            // No two tasks touch the same numbers, and all are done when the pool is.
            nonisolated(unsafe) let body = body
            step.pool.run(size.rows, UnsafeRawPointer(gradient)) { _, task, _ in body(task) }
        }

        private func multiply(
            _ kernel: Kernel<MatrixArguments>, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>?,
            to c: UnsafeMutablePointer<Float>, scale: Float = 1, plus addendScale: Float = 0,
            of addend: UnsafePointer<Float>? = nil, steps: Int, tasks: Int
        ) {
            step.run(
                kernel,
                MatrixArguments(
                    a: a, b: b ?? a, c: c, addend: addend, productScale: scale, addendScale: addendScale, rows: rows,
                    steps: steps, elements: step.optimizer.elements(rows: rows, steps: steps)),
                tasks: tasks)
        }
    }
}
