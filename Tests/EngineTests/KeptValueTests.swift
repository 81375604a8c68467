import Engine
import Graphs
import Networks
import Tensors
import TestSupport
import Testing

@Suite("Values that are kept, and maps of what speaks for a class")
struct KeptValueTests {
    /// Networks that end in an average and a linear layer, whose last maps come from what passes rewrite.
    static let specimens = Specimens.joints.filter { ClassActivation(of: $0.evaluation) != nil }

    /// A specimen's evaluation graph with its last map kept, and where that is.
    private func kept(_ specimen: Specimen) throws -> (graph: Graph, place: ClassActivation) {
        var graph = specimen.evaluation
        let place = try #require(ClassActivation(of: graph))
        graph.kept = [place.map]
        return (graph, place)
    }

    private func engine(_ graph: Graph, _ backend: Backend, _ specimen: Specimen) throws -> Engine {
        var configuration = EngineConfiguration(
            backend: backend, threads: 2, shards: 1, shardCapacity: 1, evaluationCapacity: specimen.samples, seed: 1)
        configuration.spins = false
        let engine = try Engine(training: nil, evaluation: graph, configuration: configuration)
        for (id, values) in specimen.parameters where graph[id].role != .batchesTracked {
            engine.setValues(of: id, to: values)
        }
        return engine
    }

    @Test("the last map is there after a run, as the references have it", arguments: specimens)
    func lastMap(specimen: Specimen) throws {
        let (graph, place) = try kept(specimen)
        let exact = try #require(specimen.outcome(graph).kept[place.map])
        let bound = Tolerance(specimen.training, samples: specimen.samples).forward
        for backend in Backend.supported {
            let engine = try engine(graph, backend, specimen)
            _ = try engine.evaluate(specimen.batch(shardSizes: [specimen.samples]))
            let deviation = Deviation(of: engine.values(of: place.map), from: exact)
            #expect(deviation.element <= bound, "\(specimen.testDescription) on \(backend): \(deviation)")
        }
    }

    @Test("a class's score is the mean of its map and the bias, and keeping changes no bit of it", arguments: specimens)
    func score(specimen: Specimen) throws {
        let (graph, place) = try kept(specimen)
        let weightID = try #require(place.weight)
        let engine = try engine(graph, .supported[0], specimen)
        let batch = specimen.batch(shardSizes: [specimen.samples])
        _ = try engine.evaluate(batch)
        let (features, logits) = (engine.values(of: place.map), engine.logits())
        let plain = try self.engine(specimen.evaluation, .supported[0], specimen)
        _ = try plain.evaluate(batch)
        #expect(plain.logits() == logits)
        #expect(plain.values(of: place.map).isEmpty)

        let (channels, pixels) = (place.shape.channels, place.shape.pixels)
        let weights = engine.values(of: weightID)
        let biasID = try #require(graph.parameters.firstIndex { $0.name == "classifier.bias" })
        let bias = engine.values(of: ParameterID(index: biasID))
        let bound = Tolerance(specimen.training, samples: specimen.samples).forward
        var scores: [Double] = []
        for sample in 0..<specimen.samples {
            for label in bias.indices {
                var sum = 0.0
                for pixel in 0..<pixels {
                    for channel in 0..<channels {
                        sum +=
                            Double(features[(sample * pixels + pixel) * channels + channel])
                            * Double(weights[label * channels + channel])
                    }
                }
                scores.append(sum / Double(pixels) + Double(bias[label]))
            }
        }
        let deviation = Deviation(of: logits, from: scores)
        #expect(deviation.element <= bound, "\(specimen.testDescription): \(deviation)")
    }

    @Test(
        "networks with a global average before their head have maps, of seven by seven pixels at 224, and others none",
        arguments: [
            ("resnet18", 7), ("mobilenet_v2", 7), ("densenet121", 7), ("googlenet", 7), ("resnet18_cifar", 28),
            ("alexnet", nil), ("vgg11", nil), ("lenet", nil),
        ] as [(String, Int?)])
    func zoo(model: String, side: Int?) throws {
        let graph = try Graph(network: Zoo.model(named: model).network(), imageSize: 224, purpose: .evaluation)
        let place = ClassActivation(of: graph)
        #expect(place?.shape.height == side && place?.shape.width == side, "\(String(describing: place))")
    }

    @Test("where classes are scored before the average, each has a channel of its own")
    func scoredMaps() throws {
        let network = Network("scored", inputChannels: 3, classes: 5) {
            $0.convolution("a", to: 5, kernel: 3).relu().adaptiveAveragePool(to: 1).flatten()
        }
        let place = try #require(ClassActivation(of: Graph(network: network, imageSize: 9, purpose: .evaluation)))
        #expect(place.weight == nil && place.shape == Shape(height: 7, width: 7, channels: 5))
    }
}
