internal import Kernels
internal import Machine
internal import Tensors

/// A compiled graph: kernel calls in order, over memory that is all there already. Running one allocates nothing.
///
/// A plan cannot be edited.
final class Plan {
    /// One thing to do.
    enum Instruction {
        /// A kernel over its tasks, shared among the threads.
        case kernel(Call)
        /// The sum of `count` numbers over all ranks, in place.
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

    /// The purpose of an instruction.
    struct Origin {
        /// The graph's node; the number of nodes for what belongs to none.
        var node: Int
        /// The kernel, as `KernelTable` names it, or what else runs.
        var name: String
    }

    private let instructions: [Instruction]
    /// The purpose of each instruction.
    let origins: [Origin]
    /// Floats from the start of the arena whose gradients are final once an instruction has run, by instruction.
    private let finished: [Int]
    private let memory: PlanMemory

    init(instructions: [Instruction], origins: [Origin], finished: [Int], memory: PlanMemory) {
        precondition(
            instructions.count == origins.count && instructions.count == finished.count,
            "\(origins.count) origins of \(instructions.count) instructions")
        self.instructions = instructions
        self.origins = origins
        self.finished = finished
        self.memory = memory
    }

    /// - Parameters:
    ///   - progress: called with the number of gradients that are final, each time that it has grown.
    ///   - clock: read when each instruction has ended; nil costs nothing.
    func run(
        on pool: ThreadPool, exchange: StatisticsExchange?, progress: GradientProgress? = nil, clock: StepClock? = nil
    ) throws {
        clock?.start(instructions.count)
        var told = 0
        for (index, instruction) in instructions.enumerated() {
            switch instruction {
            case .kernel(let call):
                pool.run(call.tasks, call.arguments, call.body)
            case .exchange(let numbers, let count):
                if let exchange {
                    let buffer = UnsafeMutableBufferPointer(start: numbers, count: count)
                    var span = buffer.mutableSpan
                    try exchange(&span)
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

/// The memory that a plan's calls point to; freed with the plan.
final class PlanMemory {
    private var blocks: [Pages] = []
    /// Bytes handed out.
    private(set) var byteCount = 0

    deinit { for block in blocks { block.release() } }

    /// Zeroed memory for `count` elements, aligned for any vector.
    func allocate<Element: BitwiseCopyable>(
        _ type: Element.Type, count: Int
    ) throws(MemoryError) -> UnsafeMutablePointer<Element> {
        let bytes = Self.bytes(type, count)
        let block = try Pages(bytes: bytes)
        blocks.append(block)
        byteCount += bytes
        return block.start.bindMemory(to: Element.self, capacity: max(count, 1))
    }

    /// Bytes that `allocate` takes.
    static func bytes<Element>(_ type: Element.Type, _ count: Int) -> Int {
        max(count, 1).saturatingProduct(MemoryLayout<Element>.stride)
    }

    /// The same for what does not grow with the batch: arguments of kernels, numbers for each channel.
    func vector<Element: BitwiseCopyable>(_ type: Element.Type, count: Int) -> UnsafeMutablePointer<Element> {
        do {
            return try allocate(type, count: count)
        } catch {
            // Whoever plans an engine has made sure of much more than this.
            preconditionFailure("\(error)")
        }
    }

    /// A copy of `value` at an address of its own.
    func store<Value: BitwiseCopyable>(_ value: Value) -> UnsafeMutablePointer<Value> {
        let pointer = vector(Value.self, count: 1)
        pointer.initialize(to: value)
        return pointer
    }

    func store<Value: BitwiseCopyable>(_ values: [Value]) -> UnsafeMutablePointer<Value> {
        let pointer = vector(Value.self, count: values.count)
        for (i, value) in values.enumerated() { (pointer + i).initialize(to: value) }
        return pointer
    }
}
