import Collectives
import Engine
import Machine
import Recipes

extension Engine {
    /// Makes the sum of this engine's gradients over ranks, by the recipe's settings.
    ///
    /// - Throws: `ThreadError.refused`
    func gradientSum(_ recipe: Recipe, world: any Communicator) throws(ThreadError) -> GradientSum {
        try GradientSum(
            of: lendGradients(), world: world, bucketBytes: recipe.bucketMegabytes << 20,
            wire: WireFormat(recipe.gradientType))
    }
}

extension WireFormat {
    init(_ type: Recipe.GradientType) {
        self =
            switch type {
            case .fp32: .float32
            case .bf16: .bfloat16
            case .fp16: .float16
            }
    }
}

extension AllReduce {
    init(_ asked: Recipe.AllReduce) {
        self =
            switch asked {
            case .tree: .tree
            case .mpi: .mpi
            }
    }
}
