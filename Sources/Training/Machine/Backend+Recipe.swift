import Engine
import Recipes

extension Backend {
    /// The backend that was asked for, or the best this CPU has. The engine refuses what the CPU lacks.
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
