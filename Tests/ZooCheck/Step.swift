import Engine
import Graphs
import Networks
import Tensors
import TestSupport

/// FNV-1a over the bits of the loss, all parameters and all running statistics after one step.
func digestOfStep(of network: Network, imageSize: Int, on backend: Backend) throws -> UInt64 {
    let samples = 2
    let training = try Graph(network: network, imageSize: imageSize, purpose: .training)
    let evaluation = try Graph(network: network, imageSize: imageSize, purpose: .evaluation)
    let engine = try Engine(
        training: training, evaluation: evaluation,
        configuration: EngineConfiguration(
            backend: backend, threads: 1, shards: samples, shardCapacity: 1, evaluationCapacity: 1, seed: 1))
    for (index, parameter) in training.parameters.enumerated() where parameter.role != .batchesTracked {
        engine.setValues(of: ParameterID(index: index), to: goldenFill(parameter))
    }
    let batch = Batch(
        images: goldenImages(
            samples: samples, channels: network.inputChannels, height: imageSize, width: imageSize),
        labels: (0..<samples).map { Int32($0 % network.classes) }, sampleIDs: (0..<samples).map(UInt32.init),
        shardSizes: [Int](repeating: 1, count: samples))
    let tally = try engine.train(batch, globalSamples: samples, step: 0, sumOverRanks: nil)
    guard tally.lossSum.isFinite else { throw Divergence(model: network.name, loss: tally.lossSum) }
    engine.update(SGD(momentum: 0.9, weightDecay: 1e-4), learningRate: 0.1)
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ bits: UInt64) { digest = (digest ^ bits) &* 0x100_0000_01B3 }
    add(tally.lossSum.bitPattern)
    // In torch's layout: what fills the engine's vectors up differs between instruction sets.
    for (index, parameter) in training.parameters.enumerated() where parameter.role != .batchesTracked {
        for value in engine.values(of: ParameterID(index: index)) { add(UInt64(value.bitPattern)) }
    }
    return digest
}

/// Digests of nothing but NaN would all be alike.
struct Divergence: Error {
    let model: String
    let loss: Double
}
