package import Checkpoints

/// The reasons why a network cannot be exported.
package enum ExportError: Error, Equatable, Sendable {
    /// The checkpoint lacks a tensor that the network needs.
    case noTensor(name: String, expected: [Int])
    /// A tensor of the checkpoint does not fit the network; `found` is nil where it is not of type float32.
    case otherTensor(name: String, found: [Int]?, expected: [Int])
    /// ONNX cannot express a layer.
    case inexpressible(layer: String, reason: String, remedy: String)
    /// The file cannot be written.
    case notWritten(CheckpointError)
}

extension ExportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noTensor(let name, let expected):
            "The checkpoint has no tensor \(name); expected one of shape \(expected). "
                + "Is it a checkpoint of another model?"
        case .otherTensor(let name, let found, let expected):
            "The checkpoint's tensor \(name) \(found.map { "has the shape \($0)" } ?? "is not of type float32"); "
                + "expected float32 of shape \(expected). Is it a checkpoint of another model?"
        case .inexpressible(let layer, let reason, let remedy):
            "Layer \(layer) cannot be written as ONNX: \(reason). \(remedy)"
        case .notWritten(let error): "\(error)"
        }
    }
}
