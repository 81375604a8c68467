/// A value of a pickle, as far as datasets need them.
enum PickleValue: Equatable {
    case none
    case boolean(Bool)
    case integer(Int)
    /// Bytes, or a Python 2 string, which is bytes as well.
    case bytes(ArraySlice<UInt8>)
    case text(String)
    case list([PickleValue])
    case tuple([PickleValue])
    case dictionary([(key: PickleValue, value: PickleValue)])
    /// numpy's array of bytes, in C's order.
    case array(shape: [Int], bytes: ArraySlice<UInt8>)
    /// A class or function by its name; nothing is ever called.
    case global(String)
    /// numpy's `dtype('u1')`.
    case byteType
    /// What `_reconstruct` has made and no state has filled yet.
    case unfilled
    /// What the memo has of a list, a dictionary or an array: later instructions change them, and no file of CIFAR's
    /// recalls them.
    case changeable

    static func == (a: PickleValue, b: PickleValue) -> Bool {
        switch (a, b) {
        case (.none, .none), (.byteType, .byteType), (.unfilled, .unfilled), (.changeable, .changeable): true
        case (.boolean(let a), .boolean(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.bytes(let a), .bytes(let b)): a == b
        case (.text(let a), .text(let b)), (.global(let a), .global(let b)): a == b
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)): a == b
        case (.array(let shape, let bytes), .array(let other, let others)): shape == other && bytes == others
        case (.dictionary(let a), .dictionary(let b)):
            a.count == b.count && zip(a, b).allSatisfy { $0.key == $1.key && $0.value == $1.value }
        default: false
        }
    }

    /// The value of a dictionary's key, which is a text or bytes.
    subscript(_ key: String) -> PickleValue? {
        guard case .dictionary(let entries) = self else { return nil }
        return entries.last { $0.key.name == key }?.value
    }

    /// A text, or bytes that are one.
    var name: String? {
        switch self {
        case .text(let text): text
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }

    /// What the memo keeps of it.
    fileprivate var kept: PickleValue {
        switch self {
        case .list, .dictionary, .unfilled, .array: .changeable
        default: self
        }
    }

    /// A list's numbers; nil for anything else.
    var integers: [Int]? {
        guard case .list(let values) = self else { return nil }
        var integers: [Int] = []
        for value in values {
            guard case .integer(let integer) = value else { return nil }
            integers.append(integer)
        }
        return integers
    }

    /// A list's texts; nil for anything else.
    var names: [String]? {
        guard case .list(let values) = self else { return nil }
        let names = values.compactMap(\.name)
        return names.count == values.count ? names : nil
    }
}

/// Why a pickle is not read.
struct PickleError: Error, Equatable {
    let reason: String
}

/// Reads the pickles that CIFAR's authors have made: dictionaries of numbers, texts, lists and arrays of bytes.
/// (Python's `pickletools` describes the instructions.)
///
/// A pickle is a program. This reader knows the instructions and the names of numpy that such a file needs, refuses
/// every other, and calls nothing.
struct PickleReader {
    private let bytes: [UInt8]
    private var place = 0
    private var stack: [PickleValue] = []
    /// The heights of the stack at which marks stand.
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    /// Tuples, lists and dictionaries made, and bytes made of texts.
    private var collections = 0
    private var encoded = 0

    /// More than any file of theirs has; a bound on what a false file can make us keep.
    private static let mostValues = 10_000_000
    /// As many may lie in one another at most, and be let go of again in one another.
    private static let mostCollections = 1_000

    /// The value that a file holds.
    static func value(of bytes: [UInt8]) throws(PickleError) -> PickleValue {
        var reader = PickleReader(bytes)
        return try reader.run()
    }

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    private mutating func run() throws(PickleError) -> PickleValue {
        while true {
            let start = place
            let code = try byte()
            if code == UInt8(ascii: ".") {
                guard stack.count == 1, marks.isEmpty else { throw refusal("it ends with \(stack.count) values") }
                return try pop()
            }
            try step(code, at: start)
            guard stack.count < Self.mostValues, marks.count < Self.mostValues, memo.count < Self.mostValues else {
                throw refusal("it has more than \(Self.mostValues) values")
            }
        }
    }

    private mutating func step(_ code: UInt8, at start: Int) throws(PickleError) {
        switch Character(Unicode.Scalar(code)) {
        case "\u{80}":
            let version = try byte()
            guard version <= 4 else { throw refusal("it is of protocol \(version)") }
        case "\u{95}": _ = try integer(bytes: 8)
        case "(": marks.append(stack.count)
        case "N": stack.append(.none)
        case "\u{88}": stack.append(.boolean(true))
        case "\u{89}": stack.append(.boolean(false))
        case "J": stack.append(.integer(Int(Int32(truncatingIfNeeded: try integer(bytes: 4)))))
        case "K": stack.append(.integer(try integer(bytes: 1)))
        case "M": stack.append(.integer(try integer(bytes: 2)))
        case "U", "C": stack.append(.bytes(try take(integer(bytes: 1))))
        case "T", "B": stack.append(.bytes(try take(integer(bytes: 4))))
        case "\u{8E}": stack.append(.bytes(try take(integer(bytes: 8))))
        case "X": stack.append(try text(integer(bytes: 4)))
        case "\u{8C}": stack.append(try text(integer(bytes: 1)))
        case "]": try collect(.list([]))
        case "}": try collect(.dictionary([]))
        case ")": try collect(.tuple([]))
        case "\u{85}": try makeTuple(1)
        case "\u{86}": try makeTuple(2)
        case "\u{87}": try makeTuple(3)
        case "t": try collect(.tuple(try popToMark()))
        case "l": try collect(.list(try popToMark()))
        case "d": try collect(.dictionary(try pairs(popToMark())))
        case "a": try append([pop()])
        case "e": try append(popToMark())
        case "s":
            let value = try pop()
            try set([pop(), value])
        case "u": try set(popToMark())
        case "q": memo[try integer(bytes: 1)] = try top().kept
        case "r": memo[try integer(bytes: 4)] = try top().kept
        case "\u{94}": memo[memo.count] = try top().kept
        case "h": stack.append(try recall(integer(bytes: 1)))
        case "j": stack.append(try recall(integer(bytes: 4)))
        case "c":
            let module = try line()
            try find("\(module).\(try line())")
        case "\u{93}":
            let (name, module) = (try pop(), try pop())
            try find("\(module.name ?? "?").\(name.name ?? "?")")
        case "R": try reduce()
        case "b": try build()
        default: throw refusal("it has the instruction 0x\(String(code, radix: 16)) at byte \(start)")
        }
    }

    // MARK: numpy

    private static let names: Set<String> = [
        "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype",
        "_codecs.encode",
    ]

    private mutating func find(_ name: String) throws(PickleError) {
        guard Self.names.contains(name) else { throw refusal("it asks for \(name)") }
        stack.append(.global(name))
    }

    /// What would call a function.
    private mutating func reduce() throws(PickleError) {
        let (arguments, function) = (try pop(), try pop())
        guard case .tuple(let values) = arguments, case .global(let name) = function else {
            throw refusal("it calls what is no function")
        }
        switch (name, values.count) {
        case ("numpy.core.multiarray._reconstruct", 3), ("numpy._core.multiarray._reconstruct", 3):
            guard values[0] == .global("numpy.ndarray") else { throw refusal("it makes something else than an array") }
            stack.append(.unfilled)
        case ("numpy.dtype", 1...3):
            guard values[0].name == "u1" else {
                throw refusal("its numbers are of the type \(values[0].name ?? "?"), not u1")
            }
            stack.append(.byteType)
        case ("_codecs.encode", 2):
            // Python 3 writes bytes for protocol 2 as a text in latin1.
            guard case .text(let text) = values[0], values[1].name == "latin1" else {
                throw refusal("it encodes a text otherwise than in latin1")
            }
            encoded += text.utf8.count
            guard encoded <= bytes.count else { throw refusal("it makes more bytes than it has") }
            var bytes: [UInt8] = []
            for scalar in text.unicodeScalars {
                guard let byte = UInt8(exactly: scalar.value) else { throw refusal("a text is not latin1") }
                bytes.append(byte)
            }
            stack.append(.bytes(bytes[...]))
        default: throw refusal("it calls \(name) with \(values.count) values")
        }
    }

    /// What would give an object its state.
    private mutating func build() throws(PickleError) {
        let (state, object) = (try pop(), try pop())
        guard case .tuple(let values) = state else { throw refusal("an object's state is no tuple") }
        switch object {
        // Byte order, alignment and the like mean nothing to single bytes.
        case .byteType: stack.append(.byteType)
        case .unfilled:
            guard values.count == 5, case .tuple(let extents) = values[1], values[2] == .byteType,
                values[3] == .boolean(false) || values[3] == .integer(0), case .bytes(let bytes) = values[4]
            else { throw refusal("an array's state is not (version, shape, u1, C's order, bytes)") }
            var count = 1
            var shape: [Int] = []
            for case .integer(let extent) in extents {
                let (product, overflow) = count.multipliedReportingOverflow(by: extent)
                guard extent >= 0, !overflow else { throw refusal("an array's shape is impossible") }
                shape.append(extent)
                count = product
            }
            guard shape.count == extents.count, count == bytes.count else {
                throw refusal("an array of the shape \(shape) has \(bytes.count) bytes")
            }
            stack.append(.array(shape: shape, bytes: bytes))
        default: throw refusal("it gives a state to what has none")
        }
    }

    // MARK: The stack

    private func refusal(_ reason: String) -> PickleError { PickleError(reason: reason) }

    private func top() throws(PickleError) -> PickleValue {
        guard let value = stack.last, stack.count > marks.last ?? 0 else { throw refusal("it takes a value too many") }
        return value
    }

    private mutating func pop() throws(PickleError) -> PickleValue {
        let value = try top()
        stack.removeLast()
        return value
    }

    private mutating func popToMark() throws(PickleError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw refusal("it takes a mark too many") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    private mutating func makeTuple(_ count: Int) throws(PickleError) {
        var values: [PickleValue] = []
        for _ in 0..<count { values.insert(try pop(), at: 0) }
        try collect(.tuple(values))
    }

    private mutating func collect(_ value: PickleValue) throws(PickleError) {
        collections += 1
        guard collections <= Self.mostCollections else {
            throw refusal("it has more than \(Self.mostCollections) tuples, lists and dictionaries")
        }
        stack.append(value)
    }

    private mutating func append(_ values: [PickleValue]) throws(PickleError) {
        guard case .list(var list) = try pop() else { throw refusal("it appends to what is no list") }
        list += values
        stack.append(.list(list))
    }

    private mutating func set(_ values: [PickleValue]) throws(PickleError) {
        let added = try pairs(values)
        guard case .dictionary(var entries) = try pop() else { throw refusal("it sets a key of what is no dictionary") }
        entries += added
        stack.append(.dictionary(entries))
    }

    private func pairs(_ values: [PickleValue]) throws(PickleError) -> [(key: PickleValue, value: PickleValue)] {
        guard values.count.isMultiple(of: 2) else { throw refusal("a key has no value") }
        return stride(from: 0, to: values.count, by: 2).map { (values[$0], values[$0 + 1]) }
    }

    private func recall(_ index: Int) throws(PickleError) -> PickleValue {
        guard let value = memo[index] else { throw refusal("it recalls what was never kept") }
        guard value != .changeable else { throw refusal("it recalls a list, a dictionary or an array") }
        return value
    }

    // MARK: Bytes

    private mutating func byte() throws(PickleError) -> UInt8 {
        guard place < bytes.count else { throw refusal("it is cut short") }
        defer { place += 1 }
        return bytes[place]
    }

    /// Little-endian, without a sign.
    private mutating func integer(bytes count: Int) throws(PickleError) -> Int {
        var value: UInt64 = 0
        for shift in 0..<count { value |= UInt64(try byte()) << (8 * shift) }
        guard let integer = Int(exactly: value) else { throw refusal("a number is too large") }
        return integer
    }

    private mutating func take(_ count: Int) throws(PickleError) -> ArraySlice<UInt8> {
        guard count <= bytes.count - place else { throw refusal("it is cut short") }
        defer { place += count }
        return bytes[place..<place + count]
    }

    private mutating func text(_ count: Int) throws(PickleError) -> PickleValue {
        guard let text = String(validating: try take(count), as: UTF8.self) else {
            throw refusal("a text is not UTF-8")
        }
        return .text(text)
    }

    private mutating func line() throws(PickleError) -> String {
        guard let end = bytes[place...].firstIndex(of: UInt8(ascii: "\n")), end - place < 200 else {
            throw refusal("a name has no end")
        }
        defer { place = end + 1 }
        return String(decoding: bytes[place..<end], as: UTF8.self)
    }
}
