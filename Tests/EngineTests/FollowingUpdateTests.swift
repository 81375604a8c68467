import Engine
import Graphs
import Tensors
import TestSupport
import Testing

/// The optimizer's step taken part by part, while the sums of later gradients are still on their way.
@Suite struct FollowingUpdateTests {
    private static let specimens = Specimens.joints.prefix(3) + Specimens.norms.prefix(3) + Specimens.groups.prefix(2)
    private static let step = SGDStep(learningRate: 0.1, momentum: 0.9, weightDecay: 1e-3, nesterov: true)

    /// An engine with gradients, and with velocities from a step before.
    private func trained(_ specimen: Specimen, _ backend: Backend) throws -> Engine {
        let engine = try specimen.engine(backend)
        let batch = specimen.batch(shardSizes: specimen.shardSizes(4))
        for step in 0..<2 {
            _ = try engine.train(batch, globalSamples: specimen.samples, step: step, exchange: nil)
            if step == 0 { engine.update(Self.step) }
        }
        return engine
    }

    private func bits(_ engine: Engine) -> [[UInt32]] {
        [
            engine.withParameters { span in span.indices.map { span[$0].bitPattern } },
            engine.withMomentum { span in span.indices.map { span[$0].bitPattern } },
        ]
    }

    @Test("has the bits of one update, wherever the parts end and whether old weights are kept", arguments: specimens)
    func parts(specimen: Specimen) throws {
        for backend in Backend.supported {
            let whole = try trained(specimen, backend)
            whole.update(Self.step)
            let expected = bits(whole)
            for parts in [1, 2, 7] {
                for keepsWeights in [false, true] {
                    let engine = try trained(specimen, backend)
                    let count = engine.withGradients { $0.count }
                    engine.beginUpdate(Self.step, keepsWeights: keepsWeights)
                    for part in 1...parts { #expect(engine.advanceUpdate(to: count * part / parts)) }
                    #expect(bits(engine) == expected, "\(backend), \(parts) parts")
                }
            }
        }
    }

    @Test("moves nothing whose gradient is not there yet")
    func unmoved() throws {
        let engine = try trained(Specimens.joints[0], Backend.supported[0])
        let before = bits(engine)[0]
        let count = engine.withGradients { $0.count }
        engine.beginUpdate(Self.step, keepsWeights: false)
        for final in stride(from: 0, to: count, by: 97) {
            _ = engine.advanceUpdate(to: final)
            #expect(bits(engine)[0][final...] == before[final...])
        }
        #expect(bits(engine)[0].prefix(count) != before.prefix(count))
    }

    @Test(
        "stops at a gradient that is not finite, and is taken back to the bit", arguments: specimens,
        [Float.nan, .infinity, -.infinity])
    func takenBack(specimen: Specimen, value: Float) throws {
        for backend in Backend.supported {
            let engine = try trained(specimen, backend)
            // Frozen parameters stay as they are either way.
            engine.setRateMultiplier(0, of: ParameterID(index: 0))
            let before = bits(engine)[0]
            let count = engine.withGradients { gradients in
                gradients[gradients.count * 2 / 3] = value
                return gradients.count
            }
            engine.beginUpdate(Self.step, keepsWeights: true)
            #expect(engine.advanceUpdate(to: count / 2))
            #expect(!engine.advanceUpdate(to: count))
            #expect(!engine.advanceUpdate(to: count))
            #expect(bits(engine)[0] != before)
            engine.takeBackUpdate()
            #expect(bits(engine)[0] == before)
        }
    }
}
