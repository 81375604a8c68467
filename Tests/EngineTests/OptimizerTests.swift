import Foundation
import Graphs
import Networks
import TestSupport
import Testing

@testable import Engine

/// Fifty steps of one optimizer on one model, from `Golden/Optimizers`, which `Tests/Reference/make_optimizers.py`
/// writes.
struct OptimizerGolden: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let options: Options
    let clipNorm: Double?
    let clipValue: Double?
    let losses: [Double]
    let lossSpread: [Double]
    let tensors: [GoldenFile.Tensor]
    let spread: [GoldenSpread.Tensor]

    private enum CodingKeys: String, CodingKey {
        case name = "case"
        case options, losses, tensors, spread
        case clipNorm = "clip_norm"
        case clipValue = "clip_value"
        case lossSpread = "loss_spread"
    }

    /// The options by PyTorch's names; missing ones have PyTorch's defaults.
    struct Options: Decodable, Sendable {
        let lr: Double
        let momentum: Float?
        let dampening: Float?
        let nesterov: Bool?
        let weight_decay: Double?
        let betas: [Double]?
        let eps: Double?
        let alpha: Double?
        let trust: Double?
        let ns_steps: Int?
        let normalise: Bool?
        let sgd_lr: Float?
        let sgd_momentum: Float?
    }

    var testDescription: String { name }

    var rule: any OptimizerRule {
        let (momentum, decay) = (options.momentum ?? 0, options.weight_decay ?? 0)
        let betas = Betas(options.betas?[0] ?? 0.9, options.betas?[1] ?? 0.999)
        switch name.split(separator: "_")[0] {
        case "sgd":
            return SGD(
                momentum: momentum, dampening: options.dampening ?? 0, weightDecay: Float(decay),
                nesterov: options.nesterov ?? false)
        case "adam": return Adam(betas: betas, epsilon: options.eps ?? 1e-8, weightDecay: decay, isDecoupled: false)
        case "adamw":
            return Adam(
                betas: betas, epsilon: options.eps ?? 1e-8, weightDecay: options.weight_decay ?? 0.01,
                isDecoupled: true)
        case "rmsprop":
            return RMSprop(
                alpha: options.alpha ?? 0.99, epsilon: options.eps ?? 1e-8, momentum: momentum,
                weightDecay: Float(decay))
        case "lars": return LARS(momentum: momentum, trust: options.trust ?? 0.001, weightDecay: decay)
        case "lamb":
            return LAMB(betas: betas, epsilon: options.eps ?? 1e-6, trust: options.trust ?? 1, weightDecay: decay)
        default:
            return Muon(
                momentum: momentum, weightDecay: decay, iterations: options.ns_steps ?? 5,
                normalises: options.normalise ?? false, sgdMomentum: options.sgd_momentum,
                sgdRate: options.sgd_lr ?? 1)
        }
    }

}

/// The file of a model's cases, with the values that they have in common.
private struct OptimizerFile: Decodable {
    let samples: Int
    let pixels: Int
    let classes: Int
    let cases: [OptimizerGolden]

    init(model: String) throws {
        let folder = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
        let data = try Data(contentsOf: folder.appendingPathComponent("Optimizers/\(model).json"))
        self = try JSONDecoder().decode(Self.self, from: data)
    }
}

@Suite("An optimizer", .serialized) struct OptimizerTests {
    @Test(
        "an optimizer takes fifty steps as PyTorch or its paper does, up to the deviations of float32 programs",
        arguments: ["lenet", "densenet_bc_100_12", "resnet18_cifar"])
    func golden(model: String) throws {
        let file = try OptimizerFile(model: model)
        let network = try Zoo.model(named: model).network(classes: file.classes).withDropout(rate: 0)
        let specimen = try Specimen(network, imageSize: file.pixels, samples: file.samples)
        for golden in file.cases { try check(golden, specimen, of: model) }
    }

    private func check(_ golden: OptimizerGolden, _ specimen: Specimen, of model: String) throws {
        let name = golden.name
        let rule = golden.rule
        let engine = try specimen.engine(Backend.supported[0], shards: 1) { $0.optimizer = rule }
        for id in specimen.training.trainable { engine.setDecayMultiplier(1, of: id) }
        // One shard: sums over many are for other tests, and eleven million weights take their time.
        let batch = specimen.batch(shardSizes: [specimen.samples])
        for step in golden.losses.indices {
            let tally = try engine.train(batch, globalSamples: specimen.samples, step: step, sumOverRanks: nil)
            let (loss, expected) = (tally.lossSum / Double(specimen.samples), golden.losses[step])
            // A loss is itself rounded to a Float on both sides.
            let bound = GoldenSpread.certainty * golden.lossSpread[step] + 4 * Tolerance.roundoff * expected
            try #require(
                abs(loss - expected) <= bound,
                "\(name) of \(model): loss \(loss) of step \(step), not \(expected) within \(bound)")
            if let norm = golden.clipNorm { engine.clipGradients(toNorm: norm) }
            if let value = golden.clipValue { engine.clipGradients(toValue: Float(value)) }
            engine.update(rule, learningRate: Float(golden.options.lr * Double(1 + step % 5) / 5))
        }
        for (tensor, spread) in zip(golden.tensors, golden.spread) {
            let id = try #require(specimen.training.trainable.first { specimen.training[$0].name == tensor.name })
            #expect(spread.objection(to: engine.values(of: id), golden: tensor) == nil, "\(name) of \(model)")
        }
    }

    static let rules: [any OptimizerRule] = [
        SGD(momentum: 0.9, dampening: 0.1, weightDecay: 1e-3), Adam(weightDecay: 1e-3, isDecoupled: false),
        Adam(weightDecay: 0.1, isDecoupled: true), RMSprop(weightDecay: 1e-3), RMSprop(momentum: 0.9),
        LARS(trust: 0.1, weightDecay: 1e-3), LAMB(weightDecay: 0.01), Muon(weightDecay: 0.1),
        Muon(normalises: true, sgdPrefixes: ["classifier"], sgdMomentum: 0.5, sgdRate: 0.5),
    ]

    private static let specimens =
        Specimens.groups.prefix(2) + Specimens.norms.prefix(2) + Specimens.depthwise.prefix(1)

    private func trained(
        _ rule: any OptimizerRule, _ specimen: Specimen, _ backend: Backend, threads: Int,
        frozen: ParameterID? = nil
    ) throws -> Engine {
        let engine = try specimen.engine(backend, threads: threads) { $0.optimizer = rule }
        if let frozen { engine.setRateMultiplier(0, of: frozen) }
        let batch = specimen.batch(shardSizes: specimen.shardSizes(4))
        for step in 0..<3 {
            _ = try engine.train(batch, globalSamples: specimen.samples, step: step, sumOverRanks: nil)
            engine.clipGradients(toNorm: 0.5)
            engine.update(rule, learningRate: 0.01)
        }
        return engine
    }

    private func bits(_ engine: Engine) -> [[UInt32]] {
        engine.stateExtents.map { extent in
            engine.withState(extent.kind) { span in span.indices.map { span[$0].bitPattern } }
        }
    }

    @Test(
        "an optimizer has the same bits with any number of threads and on any CPU", .withOurKernels,
        arguments: rules.indices)
    func determinism(rule: Int) throws {
        let rule = Self.rules[rule]
        for specimen in Self.specimens {
            let expected = bits(try trained(rule, specimen, Backend.supported[0], threads: 1))
            #expect(expected.allSatisfy { $0.contains { $0 != 0 } }, "\(rule) keeps nothing")
            for backend in try Backend.ours {
                let found = bits(try trained(rule, specimen, backend, threads: 3))
                #expect(found == expected, "\(rule) on \(backend), \(specimen)")
            }
        }
    }

    @Test(
        "an optimizer leaves a frozen parameter, its optimizer state and the padding between lanes unchanged",
        arguments: rules.indices)
    func frozen(rule: Int) throws {
        let rule = Self.rules[rule]
        for specimen in Self.specimens {
            let frozen = try #require(specimen.training.trainable.first)
            let engine = try trained(rule, specimen, Backend.supported[0], threads: 2, frozen: frozen)
            let (id, values) = try #require(specimen.parameters.first { $0.0 == frozen })
            #expect(engine.values(of: id) == values)
            for kind in engine.optimizerKinds { #expect(engine.values(of: id, in: kind).allSatisfy { $0 == 0 }) }
            let used = engine.usedPlaces
            let bits = bits(engine)
            #expect(bits.allSatisfy { part in part.indices.allSatisfy { used[$0] || part[$0] == 0 } }, "\(rule)")
        }
    }

    @Test("an optimizer counts its updates: a state taken over goes on where it was", arguments: rules.indices)
    func count(rule: Int) throws {
        let rule = Self.rules[rule]
        let specimen = Specimens.norms[0]
        let engine = try trained(rule, specimen, Backend.supported[0], threads: 2)
        #expect(engine.updates == 3)
        let other = try specimen.engine(Backend.supported[0]) { $0.optimizer = rule }
        let memory = try engine.snapshotMemory()
        _ = engine.snapshot(in: memory)
        _ = other.restore(memory)
        (other.updates, other.batchesTracked) = (engine.updates, engine.batchesTracked)
        for engine in [engine, other] {
            let batch = specimen.batch(shardSizes: specimen.shardSizes(4))
            _ = try engine.train(batch, globalSamples: specimen.samples, step: 3, sumOverRanks: nil)
            engine.update(rule, learningRate: 0.01)
        }
        #expect(bits(engine) == bits(other))
    }

    /// Returns an engine after one step at a rate of 0.5, with weight decay of all parameters or of none.
    private func stepped(_ specimen: Specimen, _ rule: any OptimizerRule, decays: Bool) throws -> Engine {
        let engine = try specimen.engine(Backend.supported[0]) { $0.optimizer = rule }
        for id in specimen.training.trainable { engine.setDecayMultiplier(decays ? 1 : 0, of: id) }
        let batch = specimen.batch(shardSizes: specimen.shardSizes(4))
        _ = try engine.train(batch, globalSamples: specimen.samples, step: 0, sumOverRanks: nil)
        engine.update(rule, learningRate: 0.5)
        return engine
    }

    @Test("LARS moves parameters without weight decay as SGD does, whatever their norms")
    func withoutDecay() throws {
        let specimen = Specimens.norms[0]
        let lars = try stepped(specimen, LARS(momentum: 0, trust: 0.1, weightDecay: 0.01), decays: false)
        let sgd = try stepped(specimen, SGD(momentum: 0, weightDecay: 0), decays: false)
        for id in specimen.training.trainable {
            for (found, expected) in zip(lars.values(of: id), sgd.values(of: id)) {
                #expect(abs(found - expected) <= 4 * Float(Tolerance.roundoff) * (1 + abs(expected)))
            }
        }
    }

    @Test("Muon takes weight decay off a matrix that it scales to a norm")
    func decayOfScaledMatrices() throws {
        let specimen = Specimens.norms[0]
        let decayed = try stepped(specimen, Muon(weightDecay: 0.25, normalises: true), decays: true)
        let plain = try stepped(specimen, Muon(normalises: true), decays: true)
        for (id, values) in specimen.parameters where specimen.training.trainable.contains(id) {
            let shape = specimen.training[id].shape
            guard shape.count > 1 else { continue }
            let norm = values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            let scale = Double(shape[0]).squareRoot() / norm
            for (value, pair) in zip(values, zip(plain.values(of: id), decayed.values(of: id))) {
                let scaled = scale * Double(value)
                let difference = Double(pair.0) - Double(pair.1)
                // Each of the two is rounded three times at the most.
                let bound = 6 * Tolerance.roundoff * (1 + abs(Double(pair.0)) + abs(scaled))
                #expect(abs(difference - 0.5 * 0.25 * scaled) <= bound)
            }
        }
    }

    @Test("a clipped gradient has the norm or the range that is asked for, and a smaller one keeps its bits")
    func clips() throws {
        let specimen = Specimens.norms[0]
        let engine = try specimen.engine(Backend.supported[0])
        let batch = specimen.batch(shardSizes: specimen.shardSizes(4))
        _ = try engine.train(batch, globalSamples: specimen.samples, step: 0, sumOverRanks: nil)
        let before = engine.withGradients { span in span.indices.map { span[$0] } }
        let norm = before.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        #expect(abs(engine.gradientNorm() - norm) <= 1e-12 * norm)
        engine.clipGradients(toNorm: 2 * norm)
        #expect(engine.withGradients { span in span.indices.allSatisfy { span[$0] == before[$0] } })
        engine.clipGradients(toNorm: norm / 4)
        #expect(abs(engine.gradientNorm() - norm / 4) <= 1e-5 * norm)
        let largest = before.map(\.magnitude).max() ?? 0
        engine.clipGradients(toValue: largest / 16)
        let after = engine.withGradients { span in span.indices.map { span[$0] } }
        #expect(after.allSatisfy { $0.magnitude <= largest / 16 } && after.contains(largest / 16))
        // Frozen parameters have no part in the norm.
        for id in specimen.training.trainable { engine.setRateMultiplier(0, of: id) }
        #expect(engine.gradientNorm() == 0)
    }
}
