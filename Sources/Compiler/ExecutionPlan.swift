package import Kernels
package import Machine
internal import Tensors

/// A compiled graph: kernel calls in order, over memory that is all there already. Running one allocates nothing.
///
/// A plan cannot be edited.
package final class ExecutionPlan {
    /// One thing to do.
    package enum Instruction {
        /// A kernel over its tasks, shared among the threads.
        case kernel(Call)
        /// The sum of `count` numbers over all ranks, in place.
        case exchange(UnsafeMutablePointer<Double>, count: Int)
        /// Something the calling thread does: the OpenBLAS backend's products.
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
        /// The graph's node; the number of nodes for what belongs to none.
        package var node: Int
        /// The kernel, as `KernelTable` names it, or what else runs.
        package var name: String
    }

    package let instructions: [Instruction]
    /// The purpose of each instruction.
    package let origins: [Origin]
    /// Floats from the start of the arena whose gradients are final once an instruction has run, by instruction.
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
    /// Bytes handed out.
    package private(set) var byteCount = 0

    package init() {}

    deinit { for block in blocks { block.release() } }

    /// Zeroed memory for `count` elements, aligned for any vector.
    package func allocate<Element: BitwiseCopyable>(
        _ type: Element.Type, count: Int
    ) throws(MemoryError) -> UnsafeMutablePointer<Element> {
        let bytes = Self.bytes(type, count)
        let block = try Pages(bytes: bytes)
        blocks.append(block)
        byteCount += bytes
        return block.start.bindMemory(to: Element.self, capacity: max(count, 1))
    }

    /// Bytes that `allocate` takes.
    package static func bytes<Element>(_ type: Element.Type, _ count: Int) -> Int {
        max(count, 1).saturatingProduct(MemoryLayout<Element>.stride)
    }

    /// The same for what does not grow with the batch: arguments of kernels, numbers for each channel.
    package func vector<Element: BitwiseCopyable>(_ type: Element.Type, count: Int) -> UnsafeMutablePointer<Element> {
        do {
            return try allocate(type, count: count)
        } catch {
            // Whoever plans an engine has made sure of much more than this.
            preconditionFailure("\(error)")
        }
    }

    /// A copy of `value` at an address of its own.
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

/// An address that nobody reads: what plans are measured with.
package func placeholder<Element>(_ type: Element.Type) -> UnsafeMutablePointer<Element> {
    guard let pointer = UnsafeMutablePointer<Element>(bitPattern: 64) else {
        preconditionFailure("64 is no address")
    }
    return pointer
}
