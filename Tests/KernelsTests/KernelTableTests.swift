import KernelInterface
import Kernels
import Testing

/// The rows that profiles, benchmarks and tests walk.
@Suite struct KernelTableTests {
    @Test("each kernel of a table is among its names, by that of its field", arguments: InstructionSet.allCases)
    func names(instructionSet: InstructionSet) {
        let kernels = instructionSet.kernels
        let others: Set = ["tileLanes", "tileRows", "observer", "saturate"]
        let fields = Mirror(reflecting: kernels).children.compactMap(\.label)
        #expect(kernels.names == fields.filter { !others.contains($0) })
    }
}
