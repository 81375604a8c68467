import Testing

@testable import Networks

@Suite("The zoo")
struct ZooTests {
    @Test("every model is built under its own name, with unique tensor names", arguments: Zoo.models.map(\.name))
    func buildsUnderItsName(name: String) throws {
        let model = try Zoo.model(named: name)
        let network = try model.network()
        #expect(network.name == name)
        #expect(network.classes == model.defaultClasses)
        #expect(network.inputChannels == model.defaultChannels)
        let names = network.layers.filter(\.operation.hasParameters).map(\.name)
        #expect(Set(names).count == names.count)
        #expect(network.heads.first == Network.Head(layer: network.layers.count - 1, weight: 1))
        #expect(network.heads.count == (["googlenet", "googlenet_lrn"].contains(name) ? 3 : 1))
    }

    @Test("every layer reads layers before it", arguments: Zoo.models.map(\.name))
    func readsBackwards(name: String) throws {
        let network = try Zoo.model(named: name).network()
        for (index, layer) in network.layers.enumerated() {
            #expect(layer.inputs.allSatisfy { $0 < index }, "\(layer.name)")
            #expect(layer.inputs.isEmpty == (index == 0), "\(layer.name)")
        }
    }

    @Test("classes and channels reach the first and the last layer", arguments: Zoo.models.map(\.name))
    func takesClassesAndChannels(name: String) throws {
        let network = try Zoo.model(named: name).network(classes: 7, inputChannels: 2)
        let last = network.layers.last {
            if case .linear = $0.operation { true } else if case .convolution = $0.operation { true } else { false }
        }
        switch last?.operation {
        case .linear(let head): #expect(head.outputs == 7)
        case .convolution(let head): #expect(head.outputs == 7)
        default: Issue.record("\(name) has no classifier")
        }
        #expect(network.inputChannels == 2)
    }

    @Test("an unknown name is answered with the nearest and all known ones")
    func namesTheNearest() {
        let known = Zoo.models.map(\.name)
        #expect(throws: NetworkError.unknownModel(found: "resnet81", nearest: "resnet18", known: known)) {
            try Zoo.model(named: "resnet81")
        }
        #expect(throws: NetworkError.unknownModel(found: "transformer", nearest: nil, known: known)) {
            try Zoo.model(named: "transformer")
        }
        let message = "\(NetworkError.unknownModel(found: "lanet", nearest: "lenet", known: known))"
        #expect(message.contains("'lanet'") && message.contains("'lenet'"))
        for name in known { #expect(message.contains(name)) }
    }

    @Test("no classes and no channels are refused", arguments: [0, -1])
    func refusesNothing(count: Int) throws {
        let lenet = try Zoo.model(named: "lenet")
        #expect(throws: NetworkError.invalidClasses(model: "lenet", found: count)) {
            try lenet.network(classes: count)
        }
        #expect(throws: NetworkError.invalidChannels(model: "lenet", found: count)) {
            try lenet.network(inputChannels: count)
        }
    }
}
