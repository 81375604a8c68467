/// The reasons for which there is no such network.
package enum NetworkError: Error, Hashable, Sendable {
    /// - Parameters:
    ///   - nearest: The known name that is spelt most alike; nil where none is.
    case unknownModel(found: String, nearest: String?, known: [String])
    case invalidClasses(model: String, found: Int)
    case invalidChannels(model: String, found: Int)
    /// An option that the model does not take.
    case unknownOption(model: String, found: String, nearest: String?, known: [String])
    /// A value that the option does not take.
    ///
    /// - Parameter allowed: The values it takes, in words.
    case invalidOption(model: String, key: String, found: String, nearest: String?, allowed: String)
    /// The model's `transform_input` is for three channels.
    case transformNeedsColour(model: String, found: Int)
    case unknownScheme(found: String, nearest: String?, known: [String])
}

extension NetworkError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownModel(let found, let nearest, let known):
            return "There is no model '\(found)'.\(hint(nearest)) The models are \(known.joined(separator: ", "))."
        case .invalidClasses(let model, let found):
            return "\(model) was asked for \(found) classes; give at least 1."
        case .invalidChannels(let model, let found):
            return "\(model) was asked for images of \(found) channels; give at least 1 (1 is grey, 3 is colour)."
        case .unknownOption(let model, let found, let nearest, let known):
            return """
                \(model) has no option '\(found)'.\(hint(nearest)) Its options are \(known.joined(separator: ", ")).
                """
        case .invalidOption(let model, let key, let found, let nearest, let allowed):
            return "The option \(key) of \(model) was '\(found)'.\(hint(nearest)) Give \(allowed)."
        case .transformNeedsColour(let model, let found):
            return
                "The option transform_input of \(model) is for images of 3 channels, and these have \(found): "
                + "leave it out."
        case .unknownScheme(let found, let nearest, let known):
            return """
                There is no initialisation '\(found)'.\(hint(nearest)) The schemes are \
                \(known.joined(separator: ", ")).
                """
        }
    }

    private func hint(_ nearest: String?) -> String { nearest.map { " Did you mean '\($0)'?" } ?? "" }
}
