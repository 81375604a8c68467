import Pickles

/// Consecutive numbers of one type in a PyTorch file.
struct TorchStorage: Equatable {
    /// The storage's name in the file.
    let key: String
    let type: StoredType
    /// The number of elements.
    let count: Int

    var bytes: Int { count * type.bits / 8 }
}

/// A tensor of a PyTorch file: its description, and the place of its numbers.
struct TorchTensor: Equatable {
    let listed: ListedTensor
    /// The storage with its numbers, which other tensors may share.
    let storage: TorchStorage
    /// The elements of the storage before the first of the tensor.
    let offset: Int
    /// The elements of the storage from one index to the next, along each dimension.
    let strides: [Int]

    /// The number of elements.
    var count: Int { listed.shape.reduce(1, *) }
}

/// The pickle of a file that `torch.save` has written: dictionaries of tensors, numbers and texts. (PyTorch,
/// torch/_utils.py `_rebuild_tensor_v2`, torch/serialization.py `persistent_id`.)
enum TorchPickle {
    static let dialect = PickleDialect(
        functions: [
            "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter",
        ], names: Set(storageTypes.keys), dictionaries: ["collections.OrderedDict"], hasPersistentValues: true)

    fileprivate static let storageTypes: [String: StoredType] = [
        "torch.DoubleStorage": .float64, "torch.FloatStorage": .float32, "torch.HalfStorage": .float16,
        "torch.BFloat16Storage": .bfloat16, "torch.LongStorage": .int64, "torch.IntStorage": .int32,
        "torch.ShortStorage": .int16, "torch.CharStorage": .int8, "torch.ByteStorage": .uint8,
        "torch.BoolStorage": .bool, "torch.ComplexFloatStorage": .complex64,
    ]

    /// The keys under which training programs keep the state_dict.
    private static let wrappers = ["state_dict", "model", "model_state_dict"]

    /// Returns the tensors of a state_dict, or of one that is an entry of a training program's dictionary.
    ///
    /// - Throws: `PickleError` where there are none, or one is not as PyTorch makes them.
    static func tensors(of value: PickleValue) throws(PickleError) -> [TorchTensor] {
        guard case .dictionary(let entries) = value else {
            throw PickleError(reason: "it holds no dictionary of tensors (a state_dict)")
        }
        // These entries come first: beside them there may be a tensor that is not the network's, such as the best
        // accuracy.
        for wrapper in wrappers {
            guard case .dictionary(let inner)? = value[wrapper] else { continue }
            let tensors = try tensors(in: inner)
            if !tensors.isEmpty { return tensors }
        }
        let own = try tensors(in: entries)
        if !own.isEmpty { return own }
        let keys = entries.prefix(5).compactMap(\.key.name).map { "'\($0)'" }.joined(separator: ", ")
        throw PickleError(
            reason: "no tensor is in it, nor in an entry 'state_dict' or 'model'; it has "
                + (keys.isEmpty ? "no entries" : keys))
    }

    private static func tensors(
        in entries: [(key: PickleValue, value: PickleValue)]
    ) throws(PickleError) -> [TorchTensor] {
        var tensors: [TorchTensor] = []
        for (key, value) in entries {
            guard case .call(let function, let arguments) = value else { continue }
            guard let name = key.name else { throw PickleError(reason: "a tensor has no name") }
            tensors.append(try tensor(name, function, arguments))
        }
        return tensors
    }

    private static func tensor(
        _ name: String, _ function: String, _ arguments: [PickleValue]
    ) throws(PickleError) -> TorchTensor {
        func refusal(_ reason: String) -> PickleError { PickleError(reason: "the tensor \(name) \(reason)") }
        if function.hasSuffix("_rebuild_parameter") {
            guard case .call(let inner, let rest)? = arguments.first, !inner.hasSuffix("_rebuild_parameter") else {
                throw refusal("is a parameter without numbers")
            }
            return try tensor(name, inner, rest)
        }
        // The arguments are (storage, offset, sizes, strides, …).
        guard arguments.count >= 4, case .persistent(let place) = arguments[0],
            case .integer(let offset) = arguments[1], let shape = arguments[2].integers,
            let strides = arguments[3].integers
        else { throw refusal("is not made of a storage, an offset, sizes and strides") }
        guard let storage = TorchStorage(place) else { throw refusal("has a storage that is not read") }
        let tensor = TorchTensor(
            listed: ListedTensor(name: name, type: storage.type, shape: shape), storage: storage, offset: offset,
            strides: strides)
        guard tensor.isWithinStorage else {
            throw refusal("of the shape \(shape) does not fit into its storage of \(storage.count) numbers")
        }
        return tensor
    }
}

extension TorchStorage {
    /// Reads `('storage', type, key, device, count)`, in old files with the storage that it is a view of as well; nil
    /// for anything else.
    init?(_ value: PickleValue) {
        guard case .tuple(let parts) = value, parts.count == 5 || (parts.count == 6 && parts[5] == .none),
            parts[0].name == "storage", case .global(let typeName) = parts[1],
            let type = TorchPickle.storageTypes[typeName], let key = parts[2].name, case .integer(let count) = parts[4],
            count >= 0, !count.multipliedReportingOverflow(by: type.bits / 8).overflow
        else { return nil }
        self.init(key: key, type: type, count: count)
    }
}

extension TorchTensor {
    /// Whether all elements lie in the storage, and the tensor has no more of them than the storage.
    fileprivate var isWithinStorage: Bool {
        let shape = listed.shape
        guard shape.count == strides.count, shape.count <= Safetensors.mostDimensions, offset >= 0,
            shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 })
        else { return false }
        if shape.contains(0) { return true }
        var (last, count) = (offset, 1)
        for (extent, stride) in zip(shape, strides) {
            let (span, overflows) = (extent - 1).multipliedReportingOverflow(by: stride)
            let (sum, overflowsToo) = last.addingReportingOverflow(span)
            let (product, overflowsAsWell) = count.multipliedReportingOverflow(by: extent)
            guard !overflows, !overflowsToo, !overflowsAsWell else { return false }
            (last, count) = (sum, product)
        }
        return last < storage.count && count <= storage.count
    }
}
