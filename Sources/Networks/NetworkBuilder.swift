/// Collects the layers of a network while its `Features` are written down. It lives only as long as that.
final class NetworkBuilder {
    let initialization: Initialization
    private(set) var layers: [Layer] = []
    var auxiliaryHeads: [Network.Head] = []

    private struct Scope {
        /// `features.denseblock1.`, or empty at the top.
        let prefix: String
        let isNumbered: Bool
        /// The number of the next unnamed layer.
        var next = 0
    }

    private var scopes = [Scope(prefix: "", isNumbered: false)]

    init(initialization: Initialization) {
        self.initialization = initialization
    }

    /// Appends a layer called `name`, or by the next number of a sequence. Elsewhere a layer without a name is a
    /// function in torch, called `fallback` here, unless it has parameters.
    func append(
        _ name: String?, else fallback: String, _ operation: Layer.Operation, inputs: [Int], channels: Int
    ) -> Features {
        let isModule = name != nil || operation.hasParameters || scopes[scopes.count - 1].isNumbered
        return append(path(name, else: fallback), isModule, operation, inputs: inputs, channels: channels)
    }

    /// Appends a joint, which is a function in torch and takes no number.
    func appendJoint(_ name: String, _ operation: Layer.Operation, inputs: [Int], channels: Int) -> Features {
        append(scoped(name), false, operation, inputs: inputs, channels: channels)
    }

    private func append(
        _ name: String, _ isModule: Bool, _ operation: Layer.Operation, inputs: [Int], channels: Int
    ) -> Features {
        layers.append(Layer(name: name, isModule: isModule, operation: operation, inputs: inputs))
        return Features(builder: self, layer: layers.count - 1, channels: channels)
    }

    func scope(_ name: String?, isNumbered: Bool, _ body: () -> Features) -> Features {
        precondition(name != nil || scopes[scopes.count - 1].isNumbered, "only a sequence numbers its scopes")
        let prefix = name == "" ? scoped("") : path(name, else: "") + "."
        scopes.append(Scope(prefix: prefix, isNumbered: isNumbered))
        defer { scopes.removeLast() }
        return body()
    }

    /// Returns the full name of a layer called `name`; for nil the next number in a sequence, and elsewhere `fallback`.
    private func path(_ name: String?, else fallback: String) -> String {
        if let name { return scoped(name) }
        let last = scopes.count - 1
        guard scopes[last].isNumbered else { return scoped(fallback) }
        defer { scopes[last].next += 1 }
        return scoped("\(scopes[last].next)")
    }

    private func scoped(_ name: String) -> String { scopes[scopes.count - 1].prefix + name }
}
