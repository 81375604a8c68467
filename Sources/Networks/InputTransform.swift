/// The transform of images before a network's first layer: y = x * scale + shift in each channel, rounded after each.
package struct InputTransform: Hashable, Sendable {
    /// The factor for each channel.
    package let scales: [Float]
    package let shifts: [Float]

    /// The transform from images normalised by ImageNet's moments to those by 0.5 and 0.5, for which the published
    /// GoogLeNet was trained: torchvision's `transform_input`, in its order of operations.
    static let torchvision = InputTransform(
        scales: moments.map { Float($0.deviation / 0.5) }, shifts: moments.map { Float(($0.mean - 0.5) / 0.5) })

    /// ImageNet's, red, green, blue.
    private static let moments = [
        (mean: 0.485, deviation: 0.229), (mean: 0.456, deviation: 0.224), (mean: 0.406, deviation: 0.225),
    ]
}

extension Network {
    /// Returns the network for images to which `transform` is applied first.
    func withInput(_ transform: InputTransform) -> Network {
        precondition(transform.scales.count == inputChannels, "\(transform) of \(inputChannels) channels")
        var network = self
        network.inputTransform = transform
        return network
    }
}
