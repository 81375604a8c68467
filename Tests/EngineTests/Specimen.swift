import Engine
import Graphs
import Networks
import Tensors
import TestSupport
import Testing

/// A network with a batch, and parameters filled from their names: the same numbers for an engine and for the
/// interpreter.
struct Specimen: CustomTestStringConvertible, Sendable {
    let network: Network
    let imageSize: Int
    let samples: Int
    let training: Graph
    let evaluation: Graph
    /// Every parameter and buffer.
    let parameters: [(ParameterID, [Float])]

    var testDescription: String { "\(network.name), \(imageSize) px" }

    init(_ network: Network, imageSize: Int, samples: Int) throws {
        self.network = network
        self.imageSize = imageSize
        self.samples = samples
        self.training = try Graph(network: network, imageSize: imageSize, purpose: .training)
        self.evaluation = try Graph(network: network, imageSize: imageSize, purpose: .evaluation)
        self.parameters = training.parameters.enumerated().map { (ParameterID(index: $0), goldenFill($1)) }
    }

    /// Makes a network for images of `channels` x `imageSize` x `imageSize`, to which an average over all pixels and a
    /// linear layer are appended.
    init(
        _ name: String, channels: Int = 3, imageSize: Int, samples: Int = 4, classes: Int = 10,
        _ body: (Features) -> Features
    ) throws {
        let network = Network(name, inputChannels: channels, classes: classes) { images in
            body(images).adaptiveAveragePool(to: 1).flatten().linear("classifier", to: classes)
        }
        try self.init(network, imageSize: imageSize, samples: samples)
    }

    var labels: [Int] { (0..<samples).map { (7 * $0 + 3) % network.classes } }

    var images: [Float] {
        goldenImages(samples: samples, channels: network.inputChannels, height: imageSize, width: imageSize)
    }

    /// Returns the numbers of samples in nearly equal shards, the larger ones first, as `Sharding` has them.
    func shardSizes(_ shards: Int) -> [Int] {
        (0..<shards).map { Sharding(shards: shards).samples(ofShard: $0, batchSize: samples).count }
    }

    func batch(shardSizes: [Int]) -> Batch {
        Batch(
            images: images, labels: labels.map(Int32.init), sampleIDs: (0..<samples).map { UInt32(100 + $0) },
            shardSizes: shardSizes)
    }

    /// Returns an engine that holds the filled parameters.
    ///
    /// - Parameters:
    ///   - threads: the number of threads. OpenBLAS always has two: its bits depend on their number, which all engines
    ///     of a process share, and other suites compare bits meanwhile.
    ///   - configure: sets other options.
    func engine(
        _ backend: Backend, threads: Int = 2, shards: Int = 4, capacity: Int? = nil,
        passes: Set<GraphPass> = Set(GraphPass.allCases), usesWinograd: Bool = true,
        configure: (inout EngineConfiguration) -> Void = { _ in }
    ) throws -> Engine {
        var configuration = EngineConfiguration(
            backend: backend, threads: backend == .openblas ? 2 : threads, shards: shards,
            shardCapacity: capacity ?? Sharding(shards: shards).capacity(batchSize: samples),
            evaluationCapacity: samples, seed: Self.seed)
        // Tests run beside each other, on few cores.
        configuration.spins = false
        configuration.passes = passes
        configuration.usesWinograd = usesWinograd
        configure(&configuration)
        let engine = try Engine(training: training, evaluation: evaluation, configuration: configuration)
        for (id, values) in parameters where training[id].role != .batchesTracked {
            engine.setValues(of: id, to: values)
        }
        return engine
    }

    /// Returns the results of three steps of training: logits, losses, gradients, parameters, running statistics.
    func trace(
        _ backend: Backend, threads: Int, passes: Set<GraphPass> = Set(GraphPass.allCases)
    ) throws -> [[Float]] {
        let engine = try engine(backend, threads: threads, passes: passes)
        let batch = batch(shardSizes: shardSizes(4))
        var trace: [[Float]] = []
        for step in 0..<3 {
            let tally = try engine.train(batch, globalSamples: samples, step: step, sumOverRanks: nil)
            trace += [engine.logits(), [Float(tally.lossSum)]]
            trace += training.trainable.map(engine.gradient)
            engine.update(SGD(momentum: 0.9, weightDecay: 1e-3, nesterov: step == 1), learningRate: 0.1)
        }
        trace += (training.trainable + training.statistics).map(engine.values)
        _ = try engine.evaluate(batch)
        return trace + [engine.logits()]
    }

    static let seed: UInt64 = 42

    /// Returns the exact results, up to Double's rounding. Dropout draws as the engine does at `step`.
    func outcome(_ graph: Graph, step: Int = 0) -> GraphInterpreter.Outcome {
        GraphInterpreter(graph).run(
            images: images.map(Double.init), labels: labels, parameters: parameters.map { $0.1.map(Double.init) }
        ) { layer, sample, element in
            DropoutDraw(seed: Self.seed, step: step, sampleID: UInt32(100 + sample), layer: layer)
                .isKept(element, rate: dropoutRates[layer] ?? 0)
        }
    }

    /// The rates of dropout by layer.
    private var dropoutRates: [Int: Float] {
        var rates: [Int: Float] = [:]
        for node in training.nodes {
            if case .dropout(let rate, let index) = node.operation { rates[index] = rate }
        }
        return rates
    }
}

extension Graph {
    /// The parameters that are trained by gradients.
    var trainable: [ParameterID] {
        parameters.indices.filter { parameters[$0].isTrainable }.map(ParameterID.init(index:))
    }

    /// Running means and variances.
    var statistics: [ParameterID] {
        parameters.indices.filter { [.runningMean, .runningVariance].contains(parameters[$0].role) }
            .map(ParameterID.init(index:))
    }
}
