import KernelInterface
package import Kernels
import Synchronization

/// The kernels of one instruction set that have run, by their names in its table.
package final class KernelCount: Sendable {
    private final class Mark: Sendable { let isSet = Atomic(false) }

    package let instructionSet: InstructionSet
    private let marks: [String: Mark]

    package init(_ instructionSet: InstructionSet) {
        self.instructionSet = instructionSet
        // Vectors of four lanes cannot hold two pixels: no backend calls these.
        let impossible: Set =
            instructionSet == .baseline ? ["pairWeights", "convolveTwoPixels", "twoPixelWeightGradient"] : []
        let names = instructionSet.kernels.names.filter { !impossible.contains($0) }
        marks = Dictionary(uniqueKeysWithValues: names.map { ($0, Mark()) })
    }

    /// The number of kernels that an engine can call.
    package var count: Int { marks.count }

    /// The names of those that have not run.
    package var missing: [String] { marks.filter { !$0.value.isSet.load(ordering: .relaxed) }.keys.sorted() }

    /// The table, with an observer that counts.
    func watched() -> KernelTable {
        var table = instructionSet.kernels
        table.observer = { [marks, instructionSet] name in
            guard let mark = marks[name] else { preconditionFailure("\(instructionSet) has no kernel \(name)") }
            mark.isSet.store(true, ordering: .relaxed)
        }
        return table
    }
}
