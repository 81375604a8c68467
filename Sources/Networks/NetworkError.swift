/// Why there is no such network.
package enum NetworkError: Error, Hashable, Sendable {
    /// - Parameters:
    ///   - nearest: The known name that is spelt most alike; nil where none is.
    case unknownModel(found: String, nearest: String?, known: [String])
    case invalidClasses(model: String, found: Int)
    case invalidChannels(model: String, found: Int)
}

extension NetworkError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownModel(let found, let nearest, let known):
            let hint = nearest.map { " Did you mean '\($0)'?" } ?? ""
            return "There is no model '\(found)'.\(hint) The models are \(known.joined(separator: ", "))."
        case .invalidClasses(let model, let found):
            return "\(model) was asked for \(found) classes; give at least 1."
        case .invalidChannels(let model, let found):
            return "\(model) was asked for images of \(found) channels; give at least 1 (1 is grey, 3 is colour)."
        }
    }
}
