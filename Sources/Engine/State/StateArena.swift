internal import Compiler
package import Graphs
internal import Machine
internal import Tensors

/// A part of the state that an engine learns and keeps from step to step. Checkpoints, snapshots, broadcasts and
/// comparisons walk the list of an engine's parts, and know none by name.
package enum StateKind: Hashable, Sendable {
    /// Parameters and buffers themselves.
    case values
    /// An optimizer's memory of each trainable parameter, under a name such as `momentum`.
    case optimizer(String)
    /// Averages of parameters and buffers over time.
    case averages

    /// Whether the part has places for buffers as well as parameters.
    package var hasBuffers: Bool {
        if case .optimizer = self { false } else { true }
    }
}

extension StateKind: CustomStringConvertible {
    package var description: String {
        switch self {
        case .values: "values"
        case .optimizer(let name): "optimizer.\(name)"
        case .averages: "averages"
        }
    }
}

/// The size of a part of an engine's state.
package struct StateExtent: Equatable, Sendable {
    package let kind: StateKind
    package let floats: Int
}

/// The memory of a part of an engine's state, laid out as `ParameterArena` says.
final class StateArena {
    let kind: StateKind
    let buffer: AlignedBuffer<Float>

    /// - Throws: `MemoryError.refused`
    init(_ extent: StateExtent) throws(MemoryError) {
        kind = extent.kind
        buffer = try AlignedBuffer(count: extent.floats)
    }

    var baseAddress: UnsafeMutablePointer<Float> { buffer.baseAddress }
    var count: Int { buffer.count }
}

// MARK: The state of an engine

extension EngineLayout {
    /// The parts of an engine's state, in the order of checkpoints and snapshots.
    package var state: [StateExtent] {
        let remembered = training == nil ? [] : configuration.optimizer.state.map { StateKind.optimizer($0) }
        let kinds = [.values] + remembered + (configuration.keepsAverages ? [.averages] : [])
        return kinds.map { StateExtent(kind: $0, floats: $0.hasBuffers ? arena.count : arena.trainableCount) }
    }

    /// The bytes of the state, and of a copy of it.
    package var stateBytes: Int {
        state.reduce(0) { $0.saturatingSum($1.floats.saturatingProduct(MemoryLayout<Float>.stride)) }
    }
}

extension Engine {
    /// The parts of this engine's state, in the order of `EngineLayout.state`.
    package var stateExtents: [StateExtent] { state.map { StateExtent(kind: $0.kind, floats: $0.count) } }

    /// The parts of the state that belong to the optimizer.
    package var optimizerKinds: [StateKind] { state.map(\.kind).filter { !$0.hasBuffers } }

    func part(_ kind: StateKind) -> StateArena {
        guard let part = state.first(where: { $0.kind == kind }) else {
            preconditionFailure("this engine keeps no \(kind)")
        }
        return part
    }

    /// Returns a parameter's or buffer's numbers in a part of the state, in torch's layout.
    package func values(of id: ParameterID, in kind: StateKind) -> [Float] {
        arena.read(id, count: parameters[id.index].count, from: part(kind).baseAddress)
    }

    package func setValues(of id: ParameterID, in kind: StateKind, to values: [Float]) {
        precondition(
            values.count == parameters[id.index].count,
            "\(values.count) values for \(parameters[id.index].name), which has \(parameters[id.index].count)")
        arena.write(values, of: id, to: part(kind).baseAddress)
    }

    /// Calls `body` with all numbers of a part of the state, in the engine's own layout, which is the same on every
    /// rank.
    package func withState<Result>(
        _ kind: StateKind, _ body: (inout MutableSpan<Float>) throws -> Result
    ) rethrows -> Result {
        let part = part(kind)
        let buffer = UnsafeMutableBufferPointer(start: part.baseAddress, count: part.count)
        var span = buffer.mutableSpan
        return try body(&span)
    }

    /// Returns the places of each parameter in a part of the state and, where asked for, of each buffer that the part
    /// has.
    package func storage(of kind: StateKind, includingBuffers: Bool) -> [(name: String, range: Range<Int>)] {
        parameters.enumerated().compactMap { index, parameter in
            let isBuffer = includingBuffers && kind.hasBuffers && parameter.role != .batchesTracked
            guard parameter.isTrainable || isBuffer else { return nil }
            let entry = arena.entries[index]
            return (parameter.name, entry.offset..<entry.offset + entry.storage)
        }
    }

    /// Sets a part of the state to zeros.
    package func clear(_ kind: StateKind) {
        let part = part(kind)
        part.baseAddress.update(repeating: 0, count: part.count)
    }
}
