import Tensors

/// The models there are.
package enum Zoo {
    package static let models: [ModelDescription] =
        LeNet.models + AlexNet.models + VGG.models + NiN.models + GoogLeNet.models + ResNet.models
        + SmallResNet.models + DenseNet.models + MobileNet.models + MobileNetV2.models
        + Airbench.models

    /// Returns the model called `name`.
    ///
    /// - Throws: `NetworkError.unknownModel`, which names the nearest and all known ones.
    package static func model(named name: String) throws(NetworkError) -> ModelDescription {
        if let model = models.first(where: { $0.name == name }) { return model }
        let known = models.map(\.name)
        throw .unknownModel(found: name, nearest: Spelling.nearest(to: name, among: known), known: known)
    }
}
