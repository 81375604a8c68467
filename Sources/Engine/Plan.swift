internal import Kernels

/// A compiled graph: kernel calls in order, over memory that is all there already. Running one allocates nothing.
///
/// A plan cannot be edited.
final class Plan {
    /// One thing to do.
    enum Instruction {
        /// A kernel over its tasks, shared among the threads.
        case kernel(Call)
        /// Sum of `count` numbers over all ranks, in place.
        case exchange(UnsafeMutablePointer<Double>, count: Int)
        /// Something the calling thread does: the OpenBLAS backend's products.
        case host(() -> Void)
    }

    /// A kernel with its arguments.
    struct Call {
        var body: ThreadPool.Body
        var arguments: UnsafeRawPointer
        var tasks: Int
    }

    private let instructions: [Instruction]
    private let memory: PlanMemory

    init(instructions: [Instruction], memory: PlanMemory) {
        self.instructions = instructions
        self.memory = memory
    }

    func run(on pool: ThreadPool, exchange: StatisticsExchange?) throws {
        for instruction in instructions {
            switch instruction {
            case .kernel(let call):
                pool.run(call.tasks, call.arguments, call.body)
            case .exchange(let numbers, let count):
                guard let exchange else { continue }
                let buffer = UnsafeMutableBufferPointer(start: numbers, count: count)
                var span = buffer.mutableSpan
                try exchange(&span)
            case .host(let body):
                body()
            }
        }
    }
}

/// What a plan's calls point to; freed with the plan.
final class PlanMemory {
    private var blocks: [UnsafeMutableRawPointer] = []
    /// Bytes handed out.
    private(set) var byteCount = 0

    deinit { for block in blocks { block.deallocate() } }

    /// Zeroed memory for `count` elements, aligned for any vector.
    func allocate<Element: BitwiseCopyable>(_ type: Element.Type, count: Int) -> UnsafeMutablePointer<Element> {
        let bytes = max(count, 1) * MemoryLayout<Element>.stride
        let block = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        block.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        blocks.append(block)
        byteCount += bytes
        return block.bindMemory(to: Element.self, capacity: max(count, 1))
    }

    /// A copy of `value` at an address of its own.
    func store<Value: BitwiseCopyable>(_ value: Value) -> UnsafeMutablePointer<Value> {
        let pointer = allocate(Value.self, count: 1)
        pointer.initialize(to: value)
        return pointer
    }

    func store<Value: BitwiseCopyable>(_ values: [Value]) -> UnsafeMutablePointer<Value> {
        let pointer = allocate(Value.self, count: values.count)
        for (i, value) in values.enumerated() { (pointer + i).initialize(to: value) }
        return pointer
    }
}
