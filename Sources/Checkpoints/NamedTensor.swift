/// A tensor as in a state_dict: a name, dimensions in torch's order, and its numbers row by row.
package struct NamedTensor: Equatable, Sendable {
    package enum Storage: Equatable, Sendable {
        case float32([Float])
        case int64([Int64])
    }

    /// The name, such as `features.conv0.weight`.
    package let name: String
    /// The extents in torch's order; empty for a scalar.
    package let shape: [Int]
    package let storage: Storage

    /// - Precondition: `storage` has as many numbers as `shape` needs.
    package init(name: String, shape: [Int], storage: Storage) {
        precondition(
            shape.reduce(1, *) == storage.count, "\(name): \(storage.count) numbers for a tensor of shape \(shape)")
        self.name = name
        self.shape = shape
        self.storage = storage
    }

    /// The tensor but for its numbers.
    var listed: ListedTensor { ListedTensor(name: name, type: storage.type, shape: shape) }

    /// Type and shape: `F32 [64, 3, 7, 7]`.
    package var kind: String { listed.kind }

    /// The name of the type in safetensors: `F32`.
    package var typeName: String { storage.type.rawValue }

    /// The numbers of a float32 tensor; nil for other types.
    package var floats: [Float]? {
        if case .float32(let values) = storage { values } else { nil }
    }

    /// The numbers of an int64 tensor; nil for other types.
    package var integers: [Int64]? {
        if case .int64(let values) = storage { values } else { nil }
    }
}

extension NamedTensor.Storage {
    package var count: Int {
        switch self {
        case .float32(let values): values.count
        case .int64(let values): values.count
        }
    }

    var type: StoredType {
        switch self {
        case .float32: .float32
        case .int64: .int64
        }
    }
}
