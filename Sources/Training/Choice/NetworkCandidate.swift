import Graphs
import Networks
package import Recipes

/// A network at an image size: a row of the table that a run's network is chosen from.
package struct NetworkCandidate: Hashable, Sendable {
    package var model: String
    /// The size of images, in pixels a side.
    package var imageSize: Int
    /// The reason for the row, in half a sentence.
    package var reason: String
    /// The passes over the data, and the training pictures in all of them, below which the previous row's network
    /// learns more.
    package var leastEpochs: Double
    package var leastPictures: Double
    /// The most images of a step.
    var mostOfBatch = 128
    /// The learning rate for 256 images a step.
    var learningRate = 0.1
    var weightDecay = 5e-4

    package init(_ model: String, _ imageSize: Int, epochs: Double = 0, pictures: Double = 0, _ reason: String) {
        self.model = model
        self.imageSize = imageSize
        self.reason = reason
        leastEpochs = epochs
        leastPictures = pictures
    }

    /// The multiply-adds of an image's forward pass; nil for a size that the network does not support.
    var multiplyAdds: Int? {
        guard let network = try? Zoo.model(named: model).network() else { return nil }
        return try? Summary(network: network, imageSize: imageSize).multiplyAdds
    }
}

extension NetworkCandidate {
    /// Returns the rows for a dataset, from the least computation to the most.
    ///
    /// - Parameter asked: the user's choices, among them a model or an image size.
    package static func table(for facts: DataFacts, asked: RecipeOverrides = RecipeOverrides()) throws -> [Self] {
        var rows: [Self]
        if let model = asked.model {
            let size = try Zoo.model(named: model).defaultImageSize
            rows = [Self(model, facts.kind == .photographs ? size : min(size, facts.smallImageSize), "it is asked for")]
        } else {
            rows = table(for: facts.kind, side: facts.smallImageSize)
            // Enlarged pictures show no more. The first row is for all.
            let most = Double(facts.shorterSide) * mostEnlarged
            rows = rows.enumerated().filter { $0.offset == 0 || Double($0.element.imageSize) <= most }.map(\.element)
        }
        if let size = asked.imageSize { for index in rows.indices { rows[index].imageSize = size } }
        var seen: Set<Self> = []
        return rows.filter { seen.insert($0.identity).inserted }
    }

    /// The most by which pictures are enlarged.
    private static let mostEnlarged = 1.25

    /// The candidate by model and size alone.
    private var identity: Self { Self(model, imageSize, "") }

    private static func table(for kind: DataFacts.Kind, side: Int) -> [Self] {
        switch kind {
        case .figures, .small: [lenet(side), smallResNet(side)]
        case .photographs: photographs
        }
    }

    private static func lenet(_ side: Int) -> Self {
        var row = Self("lenet_bn", side, "a small network that learns much from little time")
        (row.learningRate, row.weightDecay) = (0.2, 1e-4)
        return row
    }

    private static func smallResNet(_ side: Int) -> Self {
        Self(
            "resnet18_cifar", side, epochs: 3, pictures: 20_000,
            "a residual network whose first layer keeps the few pixels that small pictures have")
    }

    /// The rows for photographs: ResNets (He et al., 2016), which learn fast from the beginning and need no tuning.
    ///
    /// MobileNetV2 has no row. At the same size it is 1.6 times as fast as resnet18 (docs/performance.md) for a sixth
    /// of its work, and torchvision trains it for 300 passes. resnet18 at half the size is three times as fast.
    private static let photographs: [Self] = {
        var rows = [
            Self("resnet18", 64, "photographs made small, of which most are seen in little time"),
            Self(
                "resnet18", 128, epochs: 8, pictures: 12_000,
                "half the usual size: four times as many pictures a second, and enough to see most things"),
            Self(
                "resnet18", 224, epochs: 15, pictures: 25_000,
                "the size that networks for photographs are made for"),
            Self(
                "resnet50", 224, epochs: 40, pictures: 400_000,
                "a deeper network, as there is time for many passes over many pictures"),
        ]
        for index in rows.indices { rows[index].mostOfBatch = rows[index].imageSize > 64 ? 32 : 64 }
        return rows
    }()
}

extension DataFacts {
    /// The image size for small pictures: their own, within the range of small networks.
    fileprivate var smallImageSize: Int { min(max(shorterSide, 28), Self.smallSide) }
}
