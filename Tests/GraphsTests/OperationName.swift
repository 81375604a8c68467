import Graphs

extension Graphs.Operation {
    /// The operation without what it is told, such as `convolution` or `reluGradient`.
    var name: String {
        switch self {
        case .activation(let activation): "\(activation)"
        case .activationGradient(let activation): "\(activation)Gradient"
        default: String("\(self)".prefix { $0 != "(" })
        }
    }
}
