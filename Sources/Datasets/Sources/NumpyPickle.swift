import Pickles

/// The pickles that CIFAR's authors have made: dictionaries of numbers, texts, lists and numpy's arrays of bytes.
enum NumpyPickle {
    static let dialect = PickleDialect(
        functions: [
            "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct", "numpy.dtype",
            "_codecs.encode",
        ], names: ["numpy.ndarray"])

    /// numpy's array of bytes, in C's order.
    struct ByteArray: Equatable {
        let shape: [Int]
        let bytes: ArraySlice<UInt8>
    }

    /// Returns the array that a value describes.
    ///
    /// - Throws: `PickleError` for any other value.
    static func array(_ value: PickleValue?) throws(PickleError) -> ByteArray {
        // The state is (version, shape, type, whether it is in Fortran's order, bytes).
        guard case .stateful(.call(let function, let arguments), .tuple(let state))? = value,
            function.hasSuffix("._reconstruct"), arguments.first == .global("numpy.ndarray"), state.count == 5,
            state[3] == .boolean(false) || state[3] == .integer(0), let shape = state[1].integers,
            shape.allSatisfy({ $0 >= 0 }), case .bytes(let bytes) = state[4]
        else { throw PickleError(reason: "it has no array of numpy's in C's order") }
        guard isByteType(state[2]) else { throw PickleError(reason: "the numbers of its array are not of the type u1") }
        var count: Int? = 1
        for extent in shape {
            let product = count?.multipliedReportingOverflow(by: extent)
            count = product?.overflow == false ? product?.partialValue : nil
        }
        guard count == bytes.count else {
            throw PickleError(reason: "an array of the shape \(shape) has \(bytes.count) bytes")
        }
        return ByteArray(shape: shape, bytes: bytes)
    }

    /// Whether a value is `dtype('u1')`. Its state, byte order and the like, means nothing to single bytes.
    private static func isByteType(_ value: PickleValue) -> Bool {
        guard case .stateful(.call("numpy.dtype", let arguments), _) = value else {
            guard case .call("numpy.dtype", let arguments) = value else { return false }
            return arguments.first?.name == "u1"
        }
        return arguments.first?.name == "u1"
    }
}
