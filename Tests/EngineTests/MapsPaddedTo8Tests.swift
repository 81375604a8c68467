import Graphs
import Networks
import Tensors
import TestSupport
import Testing

@testable import Compiler

/// Maps of few channels have pixels eight floats apart where all know how to write and read them.
@Suite struct MapsPaddedTo8Tests {
    private let algorithms = ConvolutionAlgorithms(openBLAS: nil, usesWinograd: true)

    @Test("maps of few channels are narrow", arguments: zip(Specimens.narrow, [8, 8, 4, 4]))
    func few(specimen: Specimen, maps: Int) {
        let graph = specimen.training.applying(Set(GraphPass.allCases))
        #expect(narrow(graph).count == maps)
        #expect(narrow(graph).allSatisfy { $0.channels <= 8 && $0.pixels > 1 })
        let (plan, wide) = (MemoryPlan(graph: graph, algorithms: algorithms), MemoryPlan(graph: graph))
        #expect(plan.arenaCount < wide.arenaCount)
        #expect(wide.roots.allSatisfy { $0.isPinned || $0.pixelStride % 16 == 0 })
    }

    @Test("LeNet's maps of six channels are narrow")
    func leNet() throws {
        let network = try Zoo.model(named: "lenet").network(classes: 10, inputChannels: 1)
        let graph = try Graph(network: network, imageSize: 28, purpose: .training)
            .applying(Set(GraphPass.allCases))
        // y and its mean, and the gradients of both.
        #expect(narrow(graph).map(\.description).sorted() == ["14x14x6", "14x14x6", "28x28x6", "28x28x6"])
    }

    /// A map of six channels behind which comes something that writes or reads whole vectors alone.
    private static let others: [(String, Int, @Sendable (Features) -> Features)] = [
        ("maxima", 8, { $0.convolution("b", to: 6, kernel: 3, padding: 1).relu().maxPool(kernel: 2) }),
        ("a norm", 8, { $0.convolution("b", to: 6, kernel: 3, padding: 1).batchNorm("n").relu() }),
        ("a dropout", 8, { $0.convolution("b", to: 6, kernel: 3, padding: 1).dropout(rate: 0.5) }),
        (
            "two readers", 8,
            { x in
                let y = x.convolution("b", to: 6, kernel: 3, padding: 1).relu()
                return y.convolution("c", to: 6, kernel: 3, padding: 1).add(y).relu()
            }
        ),
        (
            "a mask by an activation's y", 8,
            {
                $0.convolution("b", to: 6, kernel: 3, padding: 1).relu()
                    .convolution("c", to: 6, kernel: 3, padding: 1).relu()
            }
        ),
        ("an odd width", 7, { $0.convolution("b", to: 6, kernel: 3, padding: 1).relu() }),
        ("a stride", 8, { $0.convolution("b", to: 6, kernel: 3, stride: 2, padding: 1).relu() }),
    ]

    @Test(
        "maps of few channels whose readers or writers need whole vectors are not padded to 8",
        arguments: others.indices)
    func elsewhere(index: Int) throws {
        let (name, size, body) = Self.others[index]
        let specimen = try Specimen(name, imageSize: size) {
            body($0.convolution("a", to: 16, kernel: 3, padding: 1)).convolution("z", to: 16, kernel: 1)
        }
        let graph = specimen.training.applying(Set(GraphPass.allCases))
        #expect(graph.values.contains { $0.shape.channels == 6 } && narrow(graph).isEmpty, "\(name)")
    }

    /// The shapes of a graph's narrow maps.
    private func narrow(_ graph: Graph) -> [Shape] {
        MemoryPlan(graph: graph, algorithms: algorithms).roots.filter { $0.pixelStride == 8 }
            .flatMap { root in root.members.map { graph[$0].shape } }
    }
}
