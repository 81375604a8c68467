internal import Compiler
internal import Kernels
internal import Machine
internal import Tensors

extension ExecutionPlan {
    /// Runs the calls in their order.
    ///
    /// - Parameters:
    ///   - progress: called with the number of gradients that are final, each time that it has grown.
    ///   - clock: read after each instruction; nil costs nothing.
    func run(
        on pool: ThreadPool, sumOverRanks: SumOverRanks?, progress: GradientProgress? = nil, clock: StepClock? = nil
    ) throws {
        clock?.start(instructions.count)
        var told = 0
        for (index, instruction) in instructions.enumerated() {
            switch instruction {
            case .kernel(let call):
                pool.run(call.tasks, call.arguments, call.body)
            case .allReduce(let numbers, let count):
                if let sumOverRanks {
                    let buffer = UnsafeMutableBufferPointer(start: numbers, count: count)
                    var span = buffer.mutableSpan
                    try sumOverRanks(&span)
                }
            case .host(let body):
                body()
            }
            if let progress, finished[index] > told {
                told = finished[index]
                progress(told)
            }
            clock?.mark()
        }
    }
}

/// The timestamps between a run's instructions, in seconds of `monotonicSeconds`.
final class StepClock {
    /// The times at which the run began, and at which each instruction ended.
    private(set) var moments: [Double] = []

    func start(_ instructions: Int) {
        moments.removeAll(keepingCapacity: true)
        moments.reserveCapacity(instructions + 1)
        mark()
    }

    func mark() { moments.append(monotonicSeconds()) }
}
