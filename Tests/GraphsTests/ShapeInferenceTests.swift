import Graphs
import Networks
import Tensors
import Testing

@Suite("Shape inference")
struct ShapeInferenceTests {
    /// PyTorch's nn.Conv2d and nn.MaxPool2d on a map of `extent` pixels.
    @Test(
        "windows are placed as PyTorch places them",
        arguments: [
            // extent, kernel, stride, padding, floor, ceil
            (224, 7, 2, 3, 112, 113), (112, 3, 2, 1, 56, 57), (112, 3, 2, 0, 55, 56), (5, 2, 2, 0, 2, 3),
            (4, 2, 2, 0, 2, 2), (1, 1, 1, 0, 1, 1), (3, 3, 2, 0, 1, 1), (4, 3, 2, 0, 1, 2), (1, 3, 1, 1, 1, 1),
            // A last window that would begin in the trailing padding does not count: 2 * 3 is not inside 5 + 1.
            (5, 2, 3, 1, 2, 2), (4, 2, 3, 0, 1, 2), (3, 1, 3, 0, 1, 1), (3, 1, 4, 0, 1, 1), (2, 3, 2, 1, 1, 2),
        ])
    func windows(extent: Int, kernel: Int, stride: Int, padding: Int, floor: Int, ceiling: Int) throws {
        for (ceilMode, expected) in [(false, floor), (true, ceiling)] {
            let network = Network("pool", inputChannels: 2, classes: 2) {
                $0.maxPool(kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
                    .flatten().linear("fc", to: 2)
            }
            let shapes = try network.shapes(imageSize: extent)
            #expect(shapes[1] == Shape(height: expected, width: expected, channels: 2), "ceilMode \(ceilMode)")
        }
        let network = Network("convolution", inputChannels: 2, classes: 2) {
            $0.convolution("conv", to: 3, kernel: kernel, stride: stride, padding: padding).flatten().linear(
                "fc", to: 2)
        }
        #expect(try network.shapes(imageSize: extent)[1] == Shape(height: floor, width: floor, channels: 3))
    }

    @Test(
        "rounding up, a window may be larger than the map, as in PyTorch",
        arguments: [
            // extent, kernel, stride, padding, places; 0 is an error
            (2, 3, 2, 0, 1), (1, 3, 2, 0, 0), (2, 4, 3, 0, 1), (1, 4, 3, 0, 0), (1, 3, 3, 1, 1), (1, 3, 3, 0, 1),
        ])
    func largeWindows(extent: Int, kernel: Int, stride: Int, padding: Int, places: Int) throws {
        let network = Network("pool", inputChannels: 2, classes: 2) {
            $0.maxPool(kernel: kernel, stride: stride, padding: padding, ceilMode: true).flatten().linear("fc", to: 2)
        }
        if places > 0 {
            #expect(try network.shapes(imageSize: extent)[1] == Shape(height: places, width: places, channels: 2))
        } else {
            #expect(throws: GraphError.self) { try network.shapes(imageSize: extent) }
        }
    }

    @Test(
        "the smallest image size is taken, and one pixel less is answered with it",
        arguments: [
            // The second 5x5 convolution needs 5 after a pool by 2, the second pool 2 of what it leaves: 6 pixels.
            ("lenet", "5", 12),
            ("densenet121", "features.transition3.pool", 29), ("densenet161", "features.transition3.pool", 29),
            ("densenet121_cifar", "features.transition3.pool", 8),
            ("densenet_bc_100_12", "features.transition2.pool", 4),
            // Five pools by 2, of convolutions that keep the size.
            ("vgg11", "features.20", 32), ("vgg19_bn", "features.52", 32), ("vgg_small", "features.20", 32),
            // A stem of 2x2 with stride 2, then three pools by 2.
            ("resnet34_keras", "pool3", 16), ("plain50_keras", "pool3", 16),
        ])
    func smallest(model: String, layer: String, smallest: Int) throws {
        let network = try Zoo.model(named: model).network()
        #expect(network.smallestImageSize() == smallest)
        _ = try Graph(network: network, imageSize: smallest, purpose: .training)
        let error = #expect(throws: GraphError.self) {
            try Graph(network: network, imageSize: smallest - 1, purpose: .training)
        }
        guard case .imageTooSmall(model, smallest - 1, layer, 2, let found, smallest) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found.height == 1 && found.width == 1)
    }

    @Test(
        "the smallest sizes of AlexNets, NiN and GoogLeNets, as tried with PyTorch",
        arguments: [
            // Three pools need 3, 7 and 15 pixels: (15 - 1) * 4 + 11 - 2 * 2.
            ("alexnet", 63),
            // Without padding: 3, three convolutions 9, a pool 19, 5x5 23, a pool 47: 46 * 4 + 11.
            ("alexnet_bn", 195),
            // Three pools need 3, 7 and 15 pixels: (15 - 1) * 4 + 11.
            ("nin", 67),
            // Rounding up, a window of 3 with stride 2 fits 2 pixels, and one of 2 fits 1, the last pool of the first.
            ("googlenet", 15), ("googlenet_lrn", 31),
        ])
    func smallestOfThree(model: String, smallest: Int) throws {
        let network = try Zoo.model(named: model).network()
        #expect(network.smallestImageSize() == smallest)
        #expect(throws: GraphError.self) { try Graph(network: network, imageSize: smallest - 1, purpose: .training) }
        _ = try Graph(network: network, imageSize: smallest, purpose: .training)
    }

    @Test(
        "every model takes the size it is made for, and says the smallest it takes", arguments: Zoo.models.map(\.name))
    func sizes(model: String) throws {
        let description = try Zoo.model(named: model)
        let smallest = try #require(try description.network().smallestImageSize())
        #expect(smallest <= description.defaultImageSize)
    }

    @Test(
        "networks that pad every window take a single pixel",
        arguments: ["resnet18", "resnet18_cifar", "resnext50_32x4d", "mobilenet_v1", "mobilenet_v2"])
    func onePixel(model: String) throws {
        let network = try Zoo.model(named: model).network()
        #expect(network.smallestImageSize() == 1)
        _ = try Graph(network: network, imageSize: 1, purpose: .training)
    }

    @Test("the error says layer, size found, window and remedy")
    func message() throws {
        let network = try Zoo.model(named: "lenet").network()
        let error = #expect(throws: GraphError.self) { try network.shapes(imageSize: 7) }
        #expect(
            error
                == .imageTooSmall(
                    network: "lenet", imageSize: 7, layer: "3", window: 5,
                    found: Shape(height: 3, width: 3, channels: 6), smallest: 12))
        let message = error.map { "\($0)" } ?? ""
        for part in ["images of 7 pixels", "layer 3", "3x3", "5x5", "smallest image size", "12"] {
            #expect(message.contains(part), "\(part)")
        }
    }

    @Test("the size that an error says is that of the map with its padding")
    func padded() throws {
        let network = Network("padded", inputChannels: 3, classes: 2) {
            $0.convolution("conv", to: 4, kernel: 7, padding: 1).flatten().linear("fc", to: 2)
        }
        let error = #expect(throws: GraphError.self) { try network.shapes(imageSize: 3) }
        #expect(
            error
                == .imageTooSmall(
                    network: "padded", imageSize: 3, layer: "conv", window: 7,
                    found: Shape(height: 5, width: 5, channels: 3), smallest: 5))
    }

    @Test("image sizes outside the range are refused", arguments: [Int.min, -1, 0, 65_537, Int.max])
    func range(size: Int) throws {
        let network = try Zoo.model(named: "resnet18").network()
        #expect(throws: GraphError.invalidImageSize(found: size)) { try network.shapes(imageSize: size) }
    }

    @Test("an adaptive pool gives its size from any map", arguments: [1, 2, 6, 7, 8, 100])
    func adaptive(size: Int) throws {
        let network = Network("adaptive", inputChannels: 3, classes: 2) {
            $0.adaptiveAveragePool(to: 7).flatten().linear("fc", to: 2)
        }
        #expect(try network.shapes(imageSize: size)[1] == Shape(height: 7, width: 7, channels: 3))
    }
}
