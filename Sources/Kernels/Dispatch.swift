internal import CMachine
package import KernelInterface
internal import KernelsAVX2
internal import KernelsAVX512
internal import KernelsBaseline

extension InstructionSet {
    /// The kernels compiled for this instruction set. Call them only where the CPU has it.
    package var kernels: KernelTable {
        switch self {
        case .avx512: KernelsAVX512.kernels
        case .avx2: KernelsAVX2.kernels
        case .baseline: KernelsBaseline.kernels
        }
    }

    /// Whether this CPU can run these kernels.
    package var isSupported: Bool {
        switch self {
        case .avx512: machine_has_avx512()
        case .avx2: machine_has_avx2_fma()
        case .baseline: true
        }
    }

    /// The features that a CPU must have for these kernels, in the words of /proc/cpuinfo.
    package var requirement: String {
        switch self {
        case .avx512: "AVX-512 (avx512f avx512bw avx512cd avx512dq avx512vl)"
        case .avx2: "AVX2 and FMA (avx2 fma bmi1 bmi2 f16c)"
        case .baseline: "nothing beyond x86-64"
        }
    }

    /// The instruction sets that this CPU supports, the widest first; tests and benchmarks walk this list.
    package static var supported: [InstructionSet] { allCases.filter(\.isSupported) }
}
