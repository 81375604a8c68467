import KernelInterface
package import Kernels
internal import Tensors

/// Layers drawn at random, computed by every kernel in every way and compared with the scalar references.
package struct KernelFuzz {
    /// The kernels that have run, for each instruction set that this CPU has.
    package let counts = InstructionSet.supported.map(KernelCount.init)

    package init() {}

    package static let names = KernelCase.named.map(\.name)

    /// Runs the cases that have this name.
    ///
    /// - Throws: `FuzzFailure`
    package func runNamed(_ name: String) throws {
        for (index, fuzzCase) in (KernelCase.named.first { $0.name == name }?.cases ?? []).enumerated() {
            do {
                try fuzzCase.check(counts, inEveryWay: true)
            } catch {
                throw FuzzFailure("\(name), \(index): \(fuzzCase)\n  \(error)")
            }
        }
    }

    /// Runs one case.
    ///
    /// - Throws: `FuzzFailure`
    package func run(seed: UInt64, number: Int) throws {
        var random = CaseRandom(seed: seed, number: number)
        let fuzzCase = KernelCase(drawnWith: &random)
        do {
            try fuzzCase.check(counts)
        } catch {
            throw FuzzFailure("\(fuzzCase)\n  \(error)")
        }
    }

    package static func description(seed: UInt64, number: Int) -> String {
        var random = CaseRandom(seed: seed, number: number)
        return KernelCase(drawnWith: &random).description
    }

    /// Runs the function of the kernel table that no network uses: the one that measures a CPU's peak.
    ///
    /// - Throws: `MemoryError`, or `FuzzFailure` where it counts no operations.
    package func saturate() throws {
        let memory = try AlignedBuffer<Float>(count: 16_384)
        for count in counts where count.instructionSet.kernels.saturate(2, memory.baseAddress) <= 0 {
            throw FuzzFailure("the kernel that measures the peak of \(count.instructionSet) counts no operations")
        }
    }
}
