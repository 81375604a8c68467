/// The type of a tensor's numbers.
package enum ElementType: UInt8, BitwiseCopyable, Sendable {
    case float32

    /// Bytes of a number.
    package var bytes: Int {
        switch self {
        case .float32: 4
        }
    }
}
