internal import Compiler
internal import Graphs
internal import KernelInterface
internal import Kernels
internal import Machine
internal import Tensors

/// The parameters of an engine as optimizers see them: flat arenas in chunks, and the rate and decay of each parameter.
final class Optimizer {
    /// A trainable parameter, as an optimizer sees it.
    struct Parameter {
        let id: ParameterID
        let name: String
        /// The size as a matrix; nil for vectors.
        let matrix: MatrixSize?
        /// The index in the arena's order.
        let place: Int
        let entry: ParameterArena.Entry
        /// The indices of the parameter's chunks.
        let chunks: Range<Int>
        /// The factor of the learning rate; 0 freezes the parameter.
        var rate: Float = 1
        /// The factor of the weight decay; 0 exempts the parameter.
        var decay: Float
    }

    /// The parameters, in the arena's order.
    fileprivate(set) var parameters: [Parameter] = []
    /// The place of each parameter in `parameters`, by its index.
    private var places: [Int: Int] = [:]
    fileprivate let chunks: UnsafeMutablePointer<ParameterChunk>
    fileprivate let chunkCount: Int
    /// Scratch memory; nothing is kept there from step to step.
    let scratch: AlignedBuffer<Float>
    /// The batch-reduce GEMM elements of a product of matrices, by its rows and K iterations.
    private var elements: [[Int]: UnsafePointer<ReduceElement>] = [:]
    /// The sums of squares, by chunk.
    private let sums: UnsafeMutablePointer<Double>
    private let memory = PlanMemory()

    /// The floats of a chunk: few enough that a kernel that reads a number twice finds it in the second-level cache.
    static let chunkFloats = 8_192

    /// - Throws: `MemoryError.refused`
    init(graph: Graph, arena: ParameterArena, scratchFloats: Int) throws(MemoryError) {
        scratch = try AlignedBuffer(count: scratchFloats)
        var chunks: [ParameterChunk] = []
        for id in arena.order {
            let entry = arena.entries[id.index]
            let first = chunks.count
            for start in stride(from: 0, to: entry.storage, by: Self.chunkFloats) {
                chunks.append(
                    ParameterChunk(offset: entry.offset + start, count: min(Self.chunkFloats, entry.storage - start)))
            }
            places[id.index] = parameters.count
            parameters.append(
                Parameter(
                    id: id, name: graph[id].name, matrix: MatrixSize(graph[id]), place: parameters.count, entry: entry,
                    chunks: first..<chunks.count,
                    decay: graph[id].decays ? 1 : 0))
        }
        chunkCount = chunks.count
        sums = memory.vector(Double.self, count: chunks.count)
        self.chunks = memory.store(chunks)
    }

    /// Returns the sum of squares of each parameter's numbers in an arena.
    func sumsOfSquares(of arena: UnsafePointer<Float>, on pool: ThreadPool) -> [Double] {
        // The memory stays in place until the pool is done, and no two tasks write to the same sum.
        nonisolated(unsafe) let (chunks, sums, arena) = (chunks, sums, arena)
        pool.run(chunkCount, UnsafeRawPointer(chunks)) { _, task, _ in
            sums[task] = sumOfSquares(arena + chunks[task].offset, chunks[task].count)
        }
        return parameters.map { parameter in parameter.chunks.reduce(0) { $0 + sums[$1] } }
    }

    /// Returns the batch-reduce GEMM elements of a product of matrices in panels, each of 32 K iterations.
    func elements(rows: Int, steps: Int) -> UnsafePointer<ReduceElement> {
        if let known = elements[[rows, steps]] { return known }
        let made = stride(from: 0, to: steps, by: 32).map { first in
            ReduceElement(source: first * rows, weight: first * 32, length: 32)
        }
        let stored = UnsafePointer(memory.store(made))
        elements[[rows, steps]] = stored
        return stored
    }

    func change(_ id: ParameterID, _ body: (inout Parameter) -> Void) {
        guard let place = places[id.index] else { preconditionFailure("parameter \(id.index) is not trained") }
        body(&parameters[place])
    }
}

/// One update of an engine's parameters, as an optimizer's rule sees it.
package struct UpdateStep {
    let learningRate: Float
    /// The number of this update since the optimizer's state began, from 1.
    let count: Int
    let kernels: KernelTable
    let parameters: UnsafeMutablePointer<Float>
    let gradients: UnsafeMutablePointer<Float>
    let arenas: [StateArena]
    let optimizer: Optimizer
    let pool: ThreadPool

    /// Returns the numbers that the optimizer remembers under a name, in the arena's order.
    func state(_ name: String) -> UnsafeMutablePointer<Float> {
        guard let arena = arenas.first(where: { $0.kind == .optimizer(name) }) else {
            preconditionFailure("the engine was set up for an optimizer that keeps no \(name)")
        }
        return arena.baseAddress
    }

    /// The parameters that kernels move, in chunks of the arena, one a task.
    var chunkedParameters: ChunkedParameters {
        ChunkedParameters(values: parameters, gradients: gradients, chunks: UnsafePointer(optimizer.chunks))
    }

    /// Sets the numbers that kernels read in each parameter's chunks.
    func setNumbers(_ numbers: (Optimizer.Parameter) -> ChunkNumbers) {
        for parameter in optimizer.parameters {
            let numbers = parameter.rate == 0 ? ChunkNumbers.frozen : numbers(parameter)
            for chunk in parameter.chunks { optimizer.chunks[chunk].numbers = numbers }
        }
    }

    /// Runs a kernel on all threads.
    ///
    /// - Parameter tasks: the number of tasks; nil for one a chunk.
    func run<Arguments>(_ kernel: Kernel<Arguments>, _ arguments: Arguments, tasks: Int? = nil) {
        let perform = kernels.body(of: kernel)
        withUnsafePointer(to: arguments) { pointer in
            pool.run(tasks ?? optimizer.chunkCount, UnsafeRawPointer(pointer)) { raw, task, worker in
                perform(raw.assumingMemoryBound(to: Arguments.self), task, worker)
            }
        }
    }
}

extension MatrixSize {
    /// Makes the size of a parameter; nil for a vector.
    init?(_ parameter: ParameterSpecification) {
        guard parameter.shape.count > 1 else { return nil }
        self.init(rows: parameter.shape[0], columns: parameter.count / parameter.shape[0])
    }
}
