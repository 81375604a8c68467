import Engine
import Graphs
import Recipes
import Tensors
import Terminal

/// The batch norms of a run that see too few values of a channel to learn anything: of one value, only the norm's bias
/// remains, of two, only which is larger.
struct FewNormValues: Equatable {
    /// The fewest values of a channel that any of the norms sees in a step.
    let values: Int
    /// The names of the norms that see no more in that step.
    let norms: [String]
    /// The samples of the global batch in that step.
    let batchSize: Int

    private static let most = 2

    /// - Parameters:
    ///   - graph: the network, for either purpose.
    ///   - recipe: its settings for batch norm and passes.
    /// - Returns: nil where all norms see more.
    init?(_ graph: Graph, recipe: Recipe, sizes: RunSizes, ranks: Int) {
        let norms = graph.nodes.compactMap { node -> (name: String, pixels: Int)? in
            guard case .batchNorm(let norm) = node.operation else { return nil }
            let name = graph[norm.weight].name
            return (name.hasSuffix(".weight") ? String(name.dropLast(7)) : name, graph[node.inputs[0]].shape.pixels)
        }
        guard let pixels = norms.map(\.pixels).min() else { return nil }
        let fewest = sizes.batchSizes.map { size in
            (size: size, samples: Self.fewestSamples(of: size, recipe, ranks: ranks))
        }
        guard let least = fewest.min(by: { $0.samples < $1.samples }), least.samples * pixels <= Self.most else {
            return nil
        }
        values = least.samples * pixels
        self.norms = norms.filter { $0.pixels == pixels }.map(\.name)
        batchSize = least.size
    }

    /// Returns the fewest samples, other than none, over which moments are taken in any pass of a batch.
    private static func fewestSamples(of batchSize: Int, _ recipe: Recipe, ranks: Int) -> Int {
        let passes = (0..<ranks).flatMap { rank in
            Sharding(shards: recipe.virtualShards, ranks: ranks, rank: rank).passes(recipe.accumulate)
        }
        let samples = passes.map { pass in
            recipe.batchNorm == .sync
                ? pass.samplesOfPass(ranks: ranks, batchSize: batchSize)
                : pass.ownShards.reduce(0) { $0 + pass.samples(ofShard: $1, batchSize: batchSize).count }
        }
        return samples.filter { $0 > 0 }.min() ?? batchSize
    }

    /// Returns the warning for people.
    ///
    /// - Parameter recipe: the settings that the user may change.
    func warning(_ recipe: Recipe, ranks: Int) -> String {
        let others = norms.count > 1 ? " and \(Wording.count(norms.count - 1, "other"))" : ""
        return "batch norm sees only \(Wording.count(values, "value")) of a channel in \(norms[0])\(others) at a batch "
            + "of \(Wording.grouped(batchSize)): nothing is left of images there but "
            + (values == 1 ? "the norm's bias" : "which is the larger") + ". \(remedy(recipe, ranks: ranks))"
    }

    /// Returns the flags that may help.
    func remedy(_ recipe: Recipe, ranks: Int) -> String {
        var ways = ["a larger --batch-size", "a larger --image-size"]
        if recipe.batchNorm != .sync, ranks > 1 { ways.append("--batch-norm sync") }
        if recipe.accumulate > 1 { ways.append("a smaller --accumulate") }
        return "Take \(ways.dropLast().joined(separator: ", ")) or \(ways[ways.count - 1])"
    }
}

extension RunSizes {
    /// The sizes of the run's batches: the last of an epoch has the remaining samples.
    var batchSizes: Set<Int> {
        let left = trainingSamples % batchSize
        var sizes: Set<Int> = []
        if trainingSamples >= batchSize { sizes.insert(batchSize) }
        if left > 0, totalSteps >= stepsPerEpoch { sizes.insert(left) }
        return sizes
    }
}
