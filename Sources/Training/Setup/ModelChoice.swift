package import Checkpoints
package import Networks

/// A network by its name, with its options.
package struct ModelChoice: Hashable, Sendable {
    /// A name of the zoo.
    package var name: String
    /// The options by the model's keys, with values as text.
    package var options: [String: String]
    /// The distribution of initial weights.
    package var scheme: InitialScheme
    /// The rate of every dropout layer, in 0..<1; nil for the model's or its options' own.
    package var dropout: Double?

    package init(
        _ name: String, options: [String: String] = [:], scheme: InitialScheme = .reference, dropout: Double? = nil
    ) {
        self.name = name
        self.options = options
        self.scheme = scheme
        self.dropout = dropout
    }

    /// Returns the network for a number of classes and of channels; nil stands for the model's default.
    package func network(classes: Int? = nil, inputChannels: Int? = nil) throws(NetworkError) -> Network {
        let model = try Zoo.model(named: name)
        let network = try model.network(
            classes: classes, inputChannels: inputChannels, options: model.options(from: options), scheme: scheme)
        return dropout.map { network.withDropout(rate: Float($0)) } ?? network
    }
}

extension Checkpoint.About {
    /// Returns the network of the checkpoint's parameters.
    package func network() throws(NetworkError) -> Network {
        try ModelChoice(model, options: modelOptions).network(classes: classes, inputChannels: inputChannels)
    }
}
