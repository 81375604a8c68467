/// The names that a kind of pickle may use, as `module.name`.
package struct PickleDialect: Sendable {
    /// Functions that it may call.
    let functions: Set<String>
    /// Classes that it may name, and no more.
    let names: Set<String>
    /// Classes that it may make dictionaries of.
    let dictionaries: Set<String>
    /// Whether values may be outside the pickle.
    let hasPersistentValues: Bool

    package init(
        functions: Set<String>, names: Set<String>, dictionaries: Set<String> = [], hasPersistentValues: Bool = false
    ) {
        self.functions = functions
        self.names = names
        self.dictionaries = dictionaries
        self.hasPersistentValues = hasPersistentValues
    }

    func knows(_ name: String) -> Bool {
        functions.contains(name) || names.contains(name) || dictionaries.contains(name)
    }
}

/// The reason for which a pickle is not read.
package struct PickleError: Error, Equatable {
    package let reason: String

    package init(reason: String) {
        self.reason = reason
    }
}

/// A reader of Python's pickles. (Python's `pickletools` describes the instructions.)
///
/// A pickle is a program. This reader supports the instructions that files of numbers need, and the names of its
/// dialect; it refuses all others. It calls nothing: calls become values, which the reader's user interprets.
package struct PickleReader {
    private let bytes: ArraySlice<UInt8>
    private let dialect: PickleDialect
    /// The index of the next byte.
    private var place: Int
    private var stack: [Held] = []
    /// The heights of the stack at the marks.
    private var marks: [Int] = []
    private var memo: [Int: Held] = [:]
    /// Bytes of the texts that bytes were made of.
    private var encoded = 0
    /// The values outside the pickle, as it names them.
    private var outside: [PickleValue] = []

    /// A value, and the depth to which others are nested in it.
    private struct Held {
        var value: PickleValue
        var depth = 0

        var kept: Held { Held(value: value.kept, depth: depth) }
    }

    /// The most values: a bound on the memory that a false file can make us take.
    private static let mostValues = 10_000_000
    /// The most levels of nested values, as these are also released recursively.
    private static let greatestDepth = 100

    /// Returns the value that a file holds, whatever follows it.
    package static func value(of bytes: [UInt8], _ dialect: PickleDialect) throws(PickleError) -> PickleValue {
        var bytes = bytes[...]
        return try next(in: &bytes, dialect)
    }

    /// Returns the value of the pickle that `bytes` begin with, which is taken off them.
    package static func next(
        in bytes: inout ArraySlice<UInt8>, _ dialect: PickleDialect
    ) throws(PickleError) -> PickleValue {
        var outside: [PickleValue] = []
        return try next(in: &bytes, dialect, outside: &outside)
    }

    /// Reads the next pickle, and adds to `outside` the pickle's description of each value outside it.
    package static func next(
        in bytes: inout ArraySlice<UInt8>, _ dialect: PickleDialect, outside: inout [PickleValue]
    ) throws(PickleError) -> PickleValue {
        var reader = PickleReader(bytes, dialect)
        let value = try reader.run()
        bytes = bytes[reader.place...]
        outside += reader.outside
        return value
    }

    private init(_ bytes: ArraySlice<UInt8>, _ dialect: PickleDialect) {
        self.bytes = bytes
        self.dialect = dialect
        place = bytes.startIndex
    }

    private mutating func run() throws(PickleError) -> PickleValue {
        while true {
            let start = place - bytes.startIndex
            let code = try byte()
            if code == UInt8(ascii: ".") {
                guard stack.count == 1, marks.isEmpty else { throw refusal("it ends with \(stack.count) values") }
                return try pop().value
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
        case "N": push(.none)
        case "\u{88}": push(.boolean(true))
        case "\u{89}": push(.boolean(false))
        case "J": push(.integer(try integer(bytes: 4, isSigned: true)))
        case "G": push(.float(try float()))
        case "\u{8A}": push(.integer(try integer(bytes: try integer(bytes: 1), isSigned: true)))
        case "K": push(.integer(try integer(bytes: 1)))
        case "M": push(.integer(try integer(bytes: 2)))
        case "U", "C": push(.bytes(try take(integer(bytes: 1))))
        case "T", "B": push(.bytes(try take(integer(bytes: 4))))
        case "\u{8E}": push(.bytes(try take(integer(bytes: 8))))
        case "X": push(try text(integer(bytes: 4)))
        case "\u{8C}": push(try text(integer(bytes: 1)))
        case "]": push(.list([]))
        case "}": push(.dictionary([]))
        case ")": push(.tuple([]))
        case "\u{85}": try makeTuple(1)
        case "\u{86}": try makeTuple(2)
        case "\u{87}": try makeTuple(3)
        case "t": try collect(popToMark()) { .tuple($0) }
        case "l": try collect(popToMark()) { .list($0) }
        case "d":
            let parts = try popToMark()
            let entries = try pairs(parts)
            try collect(parts) { _ in .dictionary(entries) }
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
        case "Q" where dialect.hasPersistentValues:
            let parts = [try pop()]
            outside.append(parts[0].value)
            try collect(parts) { .persistent($0[0]) }
        case "c":
            let module = try line()
            try find("\(module).\(try line())")
        case "\u{93}":
            let (name, module) = (try pop().value, try pop().value)
            try find("\(module.name ?? "?").\(name.name ?? "?")")
        case "R": try reduce()
        case "b": try build()
        default: throw refusal("it has the instruction 0x\(String(code, radix: 16)) at byte \(start)")
        }
    }

    // MARK: Names

    private mutating func find(_ name: String) throws(PickleError) {
        guard dialect.knows(name) else { throw refusal("it asks for \(name)") }
        push(.global(name))
    }

    /// Replaces a function and its arguments on the stack by a value that records the call.
    private mutating func reduce() throws(PickleError) {
        let (arguments, function) = (try pop(), try pop())
        guard case .tuple(let values) = arguments.value, case .global(let name) = function.value else {
            throw refusal("it calls what is no function")
        }
        if dialect.dictionaries.contains(name), values.isEmpty { return push(.dictionary([])) }
        guard dialect.functions.contains(name) else {
            throw refusal("it calls \(name) with \(values.count) values")
        }
        if name == "_codecs.encode" { return push(.bytes(try latin1(values))) }
        try collect([arguments]) { _ in .call(name, values) }
    }

    /// Bytes as Python 3 writes them for protocol 2: as the encoding of a text in latin1.
    private mutating func latin1(_ arguments: [PickleValue]) throws(PickleError) -> ArraySlice<UInt8> {
        guard arguments.count == 2, case .text(let text) = arguments[0], arguments[1].name == "latin1" else {
            throw refusal("it encodes a text otherwise than in latin1")
        }
        encoded += text.utf8.count
        guard encoded <= bytes.count else { throw refusal("it makes more bytes than it has") }
        var latin1: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard let byte = UInt8(exactly: scalar.value) else { throw refusal("a text is not latin1") }
            latin1.append(byte)
        }
        return latin1[...]
    }

    /// Replaces an object and its state on the stack by a value that records both.
    private mutating func build() throws(PickleError) {
        let (state, object) = (try pop(), try pop())
        switch object.value {
        // An attribute of a dictionary, such as the versions of a state_dict's modules, changes none of its entries.
        case .dictionary: stack.append(object)
        case .call: try collect([object, state]) { .stateful($0[0], state: $0[1]) }
        default: throw refusal("it gives a state to what has none")
        }
    }

    // MARK: The stack

    private func refusal(_ reason: String) -> PickleError { PickleError(reason: reason) }

    private mutating func push(_ value: PickleValue) { stack.append(Held(value: value)) }

    private func top() throws(PickleError) -> Held {
        guard let held = stack.last, stack.count > marks.last ?? 0 else { throw refusal("it takes a value too many") }
        return held
    }

    private mutating func pop() throws(PickleError) -> Held {
        let held = try top()
        stack.removeLast()
        return held
    }

    private mutating func popToMark() throws(PickleError) -> [Held] {
        guard let mark = marks.popLast() else { throw refusal("it takes a mark too many") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    private mutating func makeTuple(_ count: Int) throws(PickleError) {
        var values: [Held] = []
        for _ in 0..<count { values.insert(try pop(), at: 0) }
        try collect(values) { .tuple($0) }
    }

    /// Pushes the value that `make` returns for values.
    private mutating func collect(_ parts: [Held], _ make: ([PickleValue]) -> PickleValue) throws(PickleError) {
        stack.append(Held(value: make(parts.map(\.value)), depth: try depth(around: parts)))
    }

    private func depth(around parts: [Held]) throws(PickleError) -> Int {
        let depth = parts.isEmpty ? 0 : 1 + (parts.map(\.depth).max() ?? 0)
        guard depth <= Self.greatestDepth else {
            throw refusal("more than \(Self.greatestDepth) values lie in one another")
        }
        return depth
    }

    private mutating func append(_ added: [Held]) throws(PickleError) {
        let depth = max(try top().depth, try depth(around: added))
        // Not held a second time, so that it grows in place.
        guard case .list(var list) = try pop().value else { throw refusal("it appends to what is no list") }
        list += added.map(\.value)
        stack.append(Held(value: .list(list), depth: depth))
    }

    private mutating func set(_ added: [Held]) throws(PickleError) {
        let new = try pairs(added)
        let depth = max(try top().depth, try depth(around: added))
        guard case .dictionary(var entries) = try pop().value else {
            throw refusal("it sets a key of what is no dictionary")
        }
        entries += new
        stack.append(Held(value: .dictionary(entries), depth: depth))
    }

    private func pairs(_ parts: [Held]) throws(PickleError) -> [(key: PickleValue, value: PickleValue)] {
        guard parts.count.isMultiple(of: 2) else { throw refusal("a key has no value") }
        return stride(from: 0, to: parts.count, by: 2).map { (parts[$0].value, parts[$0 + 1].value) }
    }

    private func recall(_ index: Int) throws(PickleError) -> Held {
        guard let held = memo[index] else { throw refusal("it recalls what was never kept") }
        guard held.value != .changeable else { throw refusal("it recalls a list, a dictionary or an object") }
        return held
    }

    // MARK: Bytes

    private mutating func byte() throws(PickleError) -> UInt8 {
        guard place < bytes.endIndex else { throw refusal("it is cut short") }
        defer { place += 1 }
        return bytes[place]
    }

    /// Little-endian, of 8 bytes at most; zero has none.
    private mutating func integer(bytes count: Int, isSigned: Bool = false) throws(PickleError) -> Int {
        guard count <= 8 else { throw refusal("a number is too large") }
        var value: UInt64 = 0
        for place in 0..<count { value |= UInt64(try byte()) << (8 * place) }
        guard isSigned, count > 0 else {
            guard let integer = Int(exactly: value) else { throw refusal("a number is too large") }
            return integer
        }
        // The highest bit, wherever it is, is the sign.
        return Int(Int64(bitPattern: value << (64 - 8 * count)) >> (64 - 8 * count))
    }

    /// Big-endian, as no other number is.
    private mutating func float() throws(PickleError) -> Double {
        Double(bitPattern: UInt64(bitPattern: Int64(try integer(bytes: 8, isSigned: true))).byteSwapped)
    }

    private mutating func take(_ count: Int) throws(PickleError) -> ArraySlice<UInt8> {
        guard count <= bytes.endIndex - place else { throw refusal("it is cut short") }
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
