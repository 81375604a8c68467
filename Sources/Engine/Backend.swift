package import Graphs
package import Kernels

/// The kernels or library that an engine computes with.
package enum Backend: String, CaseIterable, Sendable {
    case avx512
    case avx2
    /// OpenBLAS, by im2col and sgemm: an independent check, and the backend for CPUs without AVX2.
    case openblas

    /// The instruction set of the kernels; with OpenBLAS, which computes products only, the best that the CPU has.
    package var instructionSet: InstructionSet {
        switch self {
        case .avx512: .avx512
        case .avx2: .avx2
        case .openblas: InstructionSet.supported.first ?? .baseline
        }
    }

    /// The rewrites of graphs that the backend supports: sgemm reads and writes tensors as they are.
    package var passes: Set<GraphPass> {
        self == .openblas
            ? Set(GraphPass.allCases).subtracting(
                [
                    .normOnLoad, .convolutionActivation, .gradientActivation, .normGradientOnStore,
                    .normGradientOnLoad,
                ])
            : Set(GraphPass.allCases)
    }

    package var isSupported: Bool { instructionSet.isSupported }

    /// The backends that this CPU can run, the fastest first.
    package static var supported: [Backend] { allCases.filter(\.isSupported) }
}
