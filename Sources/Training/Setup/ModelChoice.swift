package import Checkpoints
package import Networks

/// A network by its name, and what is asked of it besides.
package struct ModelChoice: Hashable, Sendable {
    /// A name of the zoo.
    package var name: String
    /// By the model's keys, as text.
    package var options: [String: String]
    /// The distribution that initial weights are drawn from.
    package var scheme: InitialScheme
    /// In 0..<1, of every dropout layer; nil for what model and options say.
    package var dropout: Double?

    package init(
        _ name: String, options: [String: String] = [:], scheme: InitialScheme = .reference, dropout: Double? = nil
    ) {
        self.name = name
        self.options = options
        self.scheme = scheme
        self.dropout = dropout
    }

    /// The network for so many classes and channels; where nil, the model's.
    package func network(classes: Int? = nil, inputChannels: Int? = nil) throws(NetworkError) -> Network {
        let model = try Zoo.model(named: name)
        let network = try model.network(
            classes: classes, inputChannels: inputChannels, options: model.options(from: options), scheme: scheme)
        return dropout.map { network.withDropout(rate: Float($0)) } ?? network
    }
}

extension Checkpoint.About {
    /// The very network whose parameters the checkpoint has.
    package func network() throws(NetworkError) -> Network {
        try ModelChoice(model, options: modelOptions).network(classes: classes, inputChannels: inputChannels)
    }
}
