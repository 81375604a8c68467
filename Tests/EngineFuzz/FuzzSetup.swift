import Graphs
import Kernels
import Engine
import Tensors

/// The way in which an engine is set up for a case: whatever it is, the results are the same.
struct FuzzSetup: CustomStringConvertible {
    var instructionSet: InstructionSet
    var threads = 1
    var passes: Set<GraphPass> = []
    var usesWinograd = true
    /// The end of each stretch of memory behind which nobody may touch anything.
    var guarded = Pages.Guard.none
    /// Whether tensors lie apart from each other.
    var isSpread = false

    var description: String {
        let names =
            passes.count == GraphPass.allCases.count ? "all" : passes.map(\.rawValue).sorted().joined(separator: " ")
        return "\(instructionSet), \(threads) threads, passes: \(names.isEmpty ? "none" : names)"
            + (usesWinograd ? "" : ", direct") + (isSpread ? ", spread" : "") + ", guarded \(guarded)"
    }

    /// All passes, on the kernels of an instruction set.
    static func rewritten(_ instructionSet: InstructionSet, threads: Int) -> FuzzSetup {
        FuzzSetup(instructionSet: instructionSet, threads: threads, passes: Set(GraphPass.allCases))
    }

    /// A part of the passes.
    static func somePasses(_ random: inout CaseRandom) -> Set<GraphPass> {
        Set(GraphPass.allCases.filter { _ in random.chance(60) })
    }
}

extension Engine {
    /// Returns the backend of an engine that computes with the kernels of an instruction set.
    static func backend(of instructionSet: InstructionSet) -> Backend {
        switch instructionSet {
        case .avx512: .avx512
        case .avx2: .avx2
        // Its products are those of the table that it is given; all that is asked of the CPU is to be able to run some
        // backend.
        case .baseline: Backend.supported.first { $0 != .openblas } ?? .avx2
        }
    }
}
