import Engine
import Recipes

extension Backend {
    /// Makes the backend that was asked for, or the best for this CPU. The engine refuses one that the CPU does not
    /// support.
    init(_ asked: Recipe.InstructionSet) {
        self =
            switch asked {
            case .auto: Backend.supported.first ?? .openblas
            case .avx512: .avx512
            case .avx2: .avx2
            case .openblas: .openblas
            }
    }
}
