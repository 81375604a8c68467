import Graphs
import Engine
import Kernels
import Networks
import Tensors
import TestSupport

/// A network with a batch and values of its parameters, on which engines and references are compared.
struct FuzzSpecimen: Sendable {
    let training: Graph
    let evaluation: Graph
    let images: [Float]
    let labels: [Int]
    /// The number of samples of each virtual shard, which may be 0.
    let shardSizes: [Int]
    /// The parameters by `ParameterID.index`, in torch's layout.
    let values: [[Float]]
    let optimizer: any OptimizerRule

    static let seed: UInt64 = 42

    init(
        _ network: Network, imageSize: Int, shardSizes: [Int], optimizer: any OptimizerRule, images: [Float],
        labels: [Int], values: (ParameterSpecification) -> [Float]
    ) throws {
        training = try Graph(network: network, imageSize: imageSize, purpose: .training)
        evaluation = try Graph(network: network, imageSize: imageSize, purpose: .evaluation)
        self.images = images
        self.labels = labels
        self.shardSizes = shardSizes
        self.optimizer = optimizer
        self.values = training.parameters.map(values)
    }

    var samples: Int { labels.count }
    /// The divisor of losses: a power of two, which only changes the exponent of an integer.
    var lossDivisor: Int { samples.nextPowerOfTwo }
    var capacity: Int { shardSizes.max() ?? 0 }

    /// Returns the samples of some shards.
    func batch(ofShards shards: [Int]) -> Batch {
        let count = images.count / samples
        let starts = shardSizes.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        let chosen = shards.flatMap { Array(starts[$0]..<starts[$0] + shardSizes[$0]) }
        return Batch(
            images: chosen.flatMap { images[$0 * count..<($0 + 1) * count] }, labels: chosen.map { Int32(labels[$0]) },
            sampleIDs: chosen.map { UInt32(100 + $0) }, shardSizes: shards.map { shardSizes[$0] })
    }

    /// Returns an engine for `shards` of the shards that holds the values.
    func engine(_ setup: FuzzSetup, shards: Int, count: KernelCount?) throws -> Engine {
        var configuration = EngineConfiguration(
            backend: Engine.backend(of: setup.instructionSet), threads: setup.threads, shards: shards,
            shardCapacity: max(capacity, 1), evaluationCapacity: samples, seed: Self.seed)
        // Cases run beside others, on few cores.
        configuration.spins = false
        configuration.passes = setup.passes
        configuration.usesWinograd = setup.usesWinograd
        configuration.spreadsTensors = setup.isSpread
        configuration.kernels = count?.watched() ?? setup.instructionSet.kernels
        configuration.optimizer = optimizer
        let engine = try Engine(training: training, evaluation: evaluation, configuration: configuration)
        for (index, values) in values.enumerated() where training.parameters[index].role != .batchesTracked {
            engine.setValues(of: ParameterID(index: index), to: values)
        }
        return engine
    }

    /// Returns the references' results for a graph; for the training graph, those of step 0.
    func outcome(_ graph: Graph) -> GraphInterpreter.Outcome {
        var rates: [Int: Float] = [:]
        for node in training.nodes {
            if case .dropout(let rate, let index) = node.operation { rates[index] = rate }
        }
        return GraphInterpreter(graph).run(
            images: images.map(Double.init), labels: labels, parameters: values.map { $0.map(Double.init) }
        ) { [rates] layer, sample, element in
            DropoutDraw(seed: Self.seed, step: 0, sampleID: UInt32(100 + sample), layer: layer)
                .isKept(element, rate: rates[layer] ?? 0)
        }
    }
}

extension Int {
    var nextPowerOfTwo: Int {
        var power = 1
        while power < self { power *= 2 }
        return power
    }
}
