/// A value that a pickle describes.
package indirect enum PickleValue: Equatable, Sendable {
    case none
    case boolean(Bool)
    case integer(Int)
    case float(Double)
    /// Bytes, or a Python 2 string, which is bytes as well.
    case bytes(ArraySlice<UInt8>)
    case text(String)
    case list([PickleValue])
    case tuple([PickleValue])
    case dictionary([(key: PickleValue, value: PickleValue)])
    /// A class or function by its name.
    case global(String)
    /// The result that a call would have. Nothing is ever called.
    case call(String, [PickleValue])
    /// An object that would be given a state.
    case stateful(PickleValue, state: PickleValue)
    /// A value outside the pickle, by the pickle's description of it.
    case persistent(PickleValue)
    /// The memo's note of a list, a dictionary or an object: later instructions change them, and no file that is read
    /// here recalls them.
    case changeable

    package static func == (a: PickleValue, b: PickleValue) -> Bool {
        switch (a, b) {
        case (.none, .none), (.changeable, .changeable): true
        case (.boolean(let a), .boolean(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.float(let a), .float(let b)): a == b
        case (.bytes(let a), .bytes(let b)): a == b
        case (.text(let a), .text(let b)), (.global(let a), .global(let b)): a == b
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)): a == b
        case (.call(let a, let arguments), .call(let b, let others)): a == b && arguments == others
        case (.stateful(let a, let state), .stateful(let b, let other)): a == b && state == other
        case (.persistent(let a), .persistent(let b)): a == b
        case (.dictionary(let a), .dictionary(let b)):
            a.count == b.count && zip(a, b).allSatisfy { $0.key == $1.key && $0.value == $1.value }
        default: false
        }
    }
}

extension PickleValue {
    /// The value of a dictionary's key, which is a text or bytes.
    package subscript(_ key: String) -> PickleValue? {
        guard case .dictionary(let entries) = self else { return nil }
        return entries.last { $0.key.name == key }?.value
    }

    /// A text, or bytes that are one.
    package var name: String? {
        switch self {
        case .text(let text): text
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }

    /// The numbers of a list or tuple of integers; nil for anything else.
    package var integers: [Int]? {
        let values: [PickleValue]
        switch self {
        case .list(let list): values = list
        case .tuple(let tuple): values = tuple
        default: return nil
        }
        var integers: [Int] = []
        for value in values {
            guard case .integer(let integer) = value else { return nil }
            integers.append(integer)
        }
        return integers
    }

    /// A list's texts; nil for anything else.
    package var names: [String]? {
        guard case .list(let values) = self else { return nil }
        let names = values.compactMap(\.name)
        return names.count == values.count ? names : nil
    }

    /// The form in which the memo keeps a value.
    var kept: PickleValue {
        switch self {
        case .list, .dictionary, .call, .stateful: .changeable
        default: self
        }
    }
}
