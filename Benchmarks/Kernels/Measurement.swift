import Engine
import Graphs
import Kernels
import Networks
import Tensors
import Training

/// One pass of a subject on this machine.
struct Measurement {
    let subject: Subject
    let pass: Pass
    /// The median of the timed steps.
    let seconds: Double
    let work: Work
    /// What the work takes where nothing but peak or bandwidth limits it.
    let leastSeconds: Double
    /// Who did it, as `KernelTable` names them.
    let kernels: [String]

    var gflopsPerSecond: Double { Double(work.operations) / seconds / 1e9 }
    var gigabytesPerSecond: Double { Double(work.bytes) / seconds / 1e9 }
    var fractionOfRoofline: Double { leastSeconds / seconds }
}

/// The machine, and how it is used.
struct Bench {
    let backend: Backend
    let threads: Int
    let batchSize: Int
    let steps: Int
    /// What the threads reach at the most: operations a second, and bytes a second between memory and registers.
    let peak: Double
    let bandwidth: Double

    /// - Throws: where the system refuses threads or memory.
    init(backend: Backend, threads: Int?, batchSize: Int, steps: Int) throws {
        let choice = ThreadChoice.here(asked: threads, localRanks: 1)
        self.backend = backend
        self.threads = choice.threads
        self.batchSize = batchSize
        self.steps = steps
        let instructionSet = backend.instructionSet
        peak = try 1e9 * measurePeak(instructionSet, threads: choice.threads, cores: Double(choice.cores))
        bandwidth = try 1e9 * measureBandwidth(instructionSet, threads: choice.threads)
    }

    /// Trains the subject's network for some steps, the first of which does not count.
    ///
    /// - Parameter isUpdateTimed: whether the optimizer's step is measured too.
    /// - Returns: the passes that the layer has, in the order of a step.
    func measure(_ subject: Subject, isUpdateTimed: Bool) throws -> [Measurement] {
        let graph = try Graph(network: subject.network, imageSize: subject.input.height, purpose: .training)
        let engine = try engine(subject, graph)
        let batch = batch(graph[graph.input].shape)
        var recorded: [[TimedCall]] = []
        var updates: [Double] = []
        for step in 0...steps {
            recorded.append(
                try engine.profile(batch, globalSamples: batchSize, step: step, sumOverRanks: nil).calls)
            let start = monotonicSeconds()
            // Small enough that meaningless labels do not blow the weights up.
            engine.update(SGD(momentum: 0.9, weightDecay: 1e-4), learningRate: 1e-3)
            updates.append(monotonicSeconds() - start)
        }
        let nodes = engine.trainingNodes(samples: batchSize)
        var measurements = Pass.allCases.compactMap { pass -> Measurement? in
            let own = Set(
                graph.nodes.indices.filter {
                    subject.owns(graph.nodes[$0], of: nodes[$0].kind) && nodes[$0].kind.pass == pass
                })
            let seconds = recorded.dropFirst().map { calls in
                calls.reduce(0) { $0 + (own.contains($1.node) ? $1.seconds : 0) }
            }
            let work = own.reduce(Work()) { $0 + nodes[$1].work }
            let kernels = recorded[0].filter { own.contains($0.node) }.map(\.name)
            return kernels.isEmpty ? nil : measurement(subject, pass, seconds, work, kernels)
        }
        if isUpdateTimed {
            measurements.append(
                measurement(subject, .update, Array(updates.dropFirst()), engine.updateWork, ["sgd"]))
        }
        return measurements
    }

    private func measurement(
        _ subject: Subject, _ pass: Pass, _ seconds: [Double], _ work: Work, _ kernels: [String]
    ) -> Measurement {
        var names: [String] = []
        for name in kernels where !names.contains(name) { names.append(name) }
        return Measurement(
            subject: subject, pass: pass, seconds: median(seconds), work: work,
            leastSeconds: work.leastSeconds(peak: peak, bandwidth: bandwidth), kernels: names)
    }

    private func engine(_ subject: Subject, _ graph: Graph) throws -> Engine {
        let evaluation = try Graph(network: subject.network, imageSize: subject.input.height, purpose: .evaluation)
        let sharding = Sharding()
        var configuration = EngineConfiguration(
            backend: backend, threads: threads, shards: sharding.ownShards.count,
            shardCapacity: sharding.capacity(batchSize: batchSize), evaluationCapacity: 1, seed: 1)
        // The layer on its own, joined with none beside it.
        configuration.passes = []
        let engine = try Engine(training: graph, evaluation: evaluation, configuration: configuration)
        engine.initialize(seed: 1)
        return engine
    }

    /// Any images: no kernel's time depends on them, but for denormal numbers.
    private func batch(_ image: Shape) -> Batch {
        let sharding = Sharding()
        return Batch(
            images: (0..<batchSize * image.count).map { Float($0 % 251) / 125 - 1 },
            labels: (0..<batchSize).map { Int32($0 % 2) }, sampleIDs: (0..<batchSize).map(UInt32.init),
            shardSizes: sharding.ownShards.map { sharding.samples(ofShard: $0, batchSize: batchSize).count })
    }
}
