package import Kernels
package import Machine
internal import Tensors

/// A compiled graph: kernel calls in order, over memory that is already reserved. Running it allocates nothing.
///
/// A plan cannot be edited.
package final class ExecutionPlan {
    /// One step of a plan.
    package enum Instruction {
        /// A kernel over its tasks, which the threads share.
        case kernel(Call)
        /// The sum of `count` numbers over all ranks, in place.
        case allReduce(UnsafeMutablePointer<Double>, count: Int)
        /// A function for the calling thread: the OpenBLAS backend's products.
        case host(() -> Void)
    }

    /// A kernel with its arguments.
    package struct Call {
        package var body: ThreadPool.Body
        package var arguments: UnsafeRawPointer
        package var tasks: Int
    }

    /// The purpose of an instruction.
    package struct Origin {
        /// The index of the graph's node; the number of nodes for an instruction that belongs to none.
        package var node: Int
        /// The kernel's name in `KernelTable`, or that of another instruction.
        package var name: String
    }

    package let instructions: [Instruction]
    /// The purpose of each instruction.
    package let origins: [Origin]
    /// The floats, from the start of the arena of gradients, that are final after each instruction.
    package let finished: [Int]
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
}

/// The memory that a plan's calls point to; freed with the plan.
package final class PlanMemory {
    private var blocks: [Pages] = []
    /// The bytes that have been handed out.
    package private(set) var byteCount = 0

    package init() {}

    deinit { for block in blocks { block.release() } }

    /// Reserves zeroed memory for `count` elements, aligned for any vector.
    package func allocate<Element: BitwiseCopyable>(
        _ type: Element.Type, count: Int
    ) throws(MemoryError) -> UnsafeMutablePointer<Element> {
        let bytes = Self.bytes(type, count)
        let block = try Pages(bytes: bytes)
        blocks.append(block)
        byteCount += bytes
        return block.start.bindMemory(to: Element.self, capacity: max(count, 1))
    }

    /// Returns the bytes that `allocate` reserves.
    package static func bytes<Element>(_ type: Element.Type, _ count: Int) -> Int {
        max(count, 1).saturatingProduct(MemoryLayout<Element>.stride)
    }

    /// Reserves memory as `allocate` does, for data that does not grow with the batch: kernel arguments, numbers for
    /// each channel.
    package func vector<Element: BitwiseCopyable>(_ type: Element.Type, count: Int) -> UnsafeMutablePointer<Element> {
        do {
            return try allocate(type, count: count)
        } catch {
            // The memory check before planning has made sure of much more than this.
            preconditionFailure("\(error)")
        }
    }

    /// Copies `value` to an address of its own.
    package func store<Value: BitwiseCopyable>(_ value: Value) -> UnsafeMutablePointer<Value> {
        let pointer = vector(Value.self, count: 1)
        pointer.initialize(to: value)
        return pointer
    }

    package func store<Value: BitwiseCopyable>(_ values: [Value]) -> UnsafeMutablePointer<Value> {
        let pointer = vector(Value.self, count: values.count)
        for (i, value) in values.enumerated() { (pointer + i).initialize(to: value) }
        return pointer
    }
}

/// Returns an address for measuring plans; no code reads through it.
package func placeholder<Element>(_ type: Element.Type) -> UnsafeMutablePointer<Element> {
    guard let pointer = UnsafeMutablePointer<Element>(bitPattern: 64) else {
        preconditionFailure("64 is no address")
    }
    return pointer
}
