/// The kernels a run computes with.
package enum InstructionSet: String, CaseIterable, Sendable {
    /// 16 lanes, 32 registers: `x86-64-v4`.
    case avx512
    /// 8 lanes with fused multiply-add: `x86-64-v3`.
    case avx2
    /// The instructions of every x86-64. Slow, and the same bits: the oracle of tests and the elementwise half of the
    /// OpenBLAS backend.
    case baseline
}
