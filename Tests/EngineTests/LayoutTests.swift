import Graphs
import Networks
import Tensors
import Testing

@testable import Engine

/// The properties of an engine that are known before its memory is reserved.
@Suite("A layout")
struct LayoutTests {
    private static let specimens =
        Specimens.norms + Specimens.pools + Specimens.joints + Specimens.filtered + Specimens.depthwise

    @Test("a layout predicts the bytes of every kind of memory that the engine takes", arguments: [1, 3])
    func bytes(threads: Int) throws {
        for specimen in Self.specimens {
            for backend in [Backend.supported[0], .openblas] {
                let weights = threads > 1 ? [Float](repeating: 1, count: specimen.network.classes) : nil
                let engine = try specimen.engine(backend, threads: threads) {
                    $0.classWeights = weights
                    $0.keepsAverages = true
                }
                let layout = EngineLayout(
                    training: specimen.training, evaluation: specimen.evaluation, configuration: engine.configuration)
                #expect(layout.planBytes == engine.planBytes, "\(specimen) on \(backend)")
                #expect(layout.activationBytes == 4 * engine.activations.count)
                #expect(layout.stateBytes == 4 * engine.state.reduce(0) { $0 + $1.count })
                #expect(layout.state == engine.stateExtents)
                #expect(layout.state.map(\.kind) == [.values, .optimizer("momentum"), .averages])
                #expect(layout.parameterBytes == layout.stateBytes + 4 * engine.gradients.count)
                #expect(layout.gradientBytes == 4 * engine.gradients.count)
            }
        }
    }

    @Test("elementwise layers write over what they read, and need no memory of their own")
    func inPlace() throws {
        let bytes = try [0, 1, 4].map { layers in
            let specimen = try Specimen("chain", imageSize: 8) { images in
                (0..<layers).reduce(images.convolution(to: 32, kernel: 3)) { maps, _ in maps.tanh() }
            }
            let configuration = try specimen.engine(Backend.supported[0]).configuration
            return EngineLayout(training: nil, evaluation: specimen.evaluation, configuration: configuration)
                .activationBytes
        }
        #expect(bytes[1] == bytes[0] && bytes[2] == bytes[0], "\(bytes)")
    }

    @Test("a layout of more samples than can be addressed has a number of bytes and does not trap")
    func excessive() throws {
        let network = try Zoo.model(named: "resnet50").network()
        let training = try Graph(network: network, imageSize: 4096, purpose: .training)
        let evaluation = try Graph(network: network, imageSize: 4096, purpose: .evaluation)
        for capacity in [1_000_000, 1 << 40, 1 << 58] {
            let configuration = EngineConfiguration(
                backend: Backend.supported[0], threads: 1, shards: 8, shardCapacity: capacity, evaluationCapacity: 16,
                seed: 0)
            let layout = EngineLayout(training: training, evaluation: evaluation, configuration: configuration)
            #expect(layout.activationBytes > 1 << 47 && layout.planBytes == 0)
            #expect(throws: (any Error).self) { _ = try Engine(layout) }
        }
    }
}
