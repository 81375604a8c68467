internal import Compiler
package import Graphs
internal import Kernels
package import Tensors

/// A copy of an engine's state at one time, in the engine's own layout.
package struct EngineSnapshot: Sendable {
    /// Parameters and buffers in canonical order.
    package let parameters: [ParameterSpecification]
    package let batchesTracked: Int
    /// The checksum of the whole copy, combined from those of its pieces (`PieceChecksum`).
    package let checksum: UInt64

    let arena: ParameterArena
    /// The memory of the copy; nothing may write there while the snapshot is in use.
    let memory: SnapshotMemory

    /// The parts of the copy, in the order of `EngineLayout.state`.
    package var kinds: [StateKind] { memory.extents.map(\.kind) }

    /// Calls `body` with the numbers of a parameter or buffer, in torch's layout, some at a time. The part of the state
    /// must have storage for it.
    package func forEachRun<Failure: Error>(
        of id: ParameterID, in kind: StateKind, _ body: (Span<Float>) throws(Failure) -> Void
    ) throws(Failure) {
        try arena.forEachRun(id, count: parameters[id.index].count, of: memory.part(kind), body)
    }

    /// Returns the part and the parameter or buffer of the state's first number that is not finite; nil where all are.
    package func firstNotFinite() -> (id: ParameterID, kind: StateKind)? {
        for kind in kinds {
            let part = memory.part(kind)
            for index in parameters.indices where parameters[index].isTrainable || kind.hasBuffers {
                let entry = arena.entries[index]
                if !allAreFinite(part + entry.offset, entry.storage) { return (ParameterID(index: index), kind) }
            }
        }
        return nil
    }
}

/// The memory for one snapshot of an engine: the parts of its state one after the other, laid out as in its arenas.
package final class SnapshotMemory: Sendable {
    let extents: [StateExtent]
    private let floats: LentMemory<Float>
    /// The checksums of the pieces, until they are combined.
    fileprivate let checksums: AlignedBuffer<UInt64>

    private static let smallPageFloats = 1024

    /// - Parameter lent: the memory to use; nil reserves some.
    fileprivate init(_ extents: [StateExtent], in lent: LentMemory<Float>?) throws {
        let count = extents.reduce(0) { $0 + $1.floats }
        let floats = try lent ?? ReservedFloats(count: count).lent
        precondition(floats.count == count, "\(floats.count) floats for a snapshot of \(count)")
        self.floats = floats
        self.extents = extents
        checksums = try AlignedBuffer(count: extents.reduce(0) { $0 + PieceChecksum.pieces(of: $1.floats) })
    }

    /// Writes to each page, so that the system maps it: the first write to a page costs ten times as much as a later
    /// one.
    package func touch() {
        for place in stride(from: 0, to: floats.count, by: Self.smallPageFloats) { floats.baseAddress[place] = 0 }
    }

    /// Returns the copy of a part of the state.
    func part(_ kind: StateKind) -> UnsafeMutablePointer<Float> {
        let before = extents.prefix { $0.kind != kind }
        precondition(before.count < extents.count, "a snapshot has no \(kind)")
        return floats.baseAddress + before.reduce(0) { $0 + $1.floats }
    }
}

/// Reserved memory, to be lent.
private final class ReservedFloats: Sendable {
    private let buffer: AlignedBuffer<Float>

    init(count: Int) throws { buffer = try AlignedBuffer(count: count) }

    var lent: LentMemory<Float> { LentMemory(buffer.baseAddress, count: buffer.count, owner: self) }
}

extension Engine {
    /// Makes memory for snapshots of this engine, one at a time.
    ///
    /// - Parameter lent: memory of as many floats as all parts of the state have; nil reserves it.
    /// - Throws: `MemoryError.refused`
    package func snapshotMemory(in lent: LentMemory<Float>? = nil) throws -> SnapshotMemory {
        try SnapshotMemory(stateExtents, in: lent)
    }

    /// Copies the state. It is the only part of a checkpoint during which training waits.
    ///
    /// - Parameter memory: memory for this engine's snapshots; earlier contents are lost.
    package func snapshot(in memory: SnapshotMemory) -> EngineSnapshot {
        let checksum = copy(memory) { part, range in copyPiece(range, from: part.arena, to: part.copy) }
        return EngineSnapshot(
            parameters: parameters, batchesTracked: batchesTracked, checksum: checksum, arena: arena, memory: memory)
    }

    /// Restores the state that an engine with the same arenas has left in `memory`, except for the counters.
    ///
    /// - Returns: the checksum of the state. Where it is not the expected one, the engine must not be used.
    package func restore(_ memory: SnapshotMemory) -> UInt64 {
        copy(memory) { part, range in copyPiece(range, from: part.copy, to: part.arena) }
    }

    /// An arena of the state, and its copy.
    private struct SnapshotPart {
        let arena: UnsafeMutablePointer<Float>
        let copy: UnsafeMutablePointer<Float>
        let count: Int
    }

    /// Copies all pieces in either direction, on all threads: one thread does not reach the memory's bandwidth.
    ///
    /// - Parameter move: copies a piece and returns its checksum.
    private func copy(
        _ memory: SnapshotMemory, _ move: @escaping @Sendable (SnapshotPart, Range<Int>) -> UInt64
    ) -> UInt64 {
        precondition(memory.extents == stateExtents, "a snapshot's memory is of another engine")
        // The memory stays in place until the pool is done.
        nonisolated(unsafe) let parts = state.map { part in
            SnapshotPart(arena: part.baseAddress, copy: memory.part(part.kind), count: part.count)
        }
        nonisolated(unsafe) let checksums = memory.checksums.baseAddress
        pool.run(memory.checksums.count, UnsafeRawPointer(checksums)) { _, task, _ in
            var (part, piece) = (0, task)
            while piece >= PieceChecksum.pieces(of: parts[part].count) {
                piece -= PieceChecksum.pieces(of: parts[part].count)
                part += 1
            }
            let first = piece * PieceChecksum.floats
            checksums[task] = move(parts[part], first..<min(first + PieceChecksum.floats, parts[part].count))
        }
        return memory.checksums.withSpan { PieceChecksum.combined($0) }
    }
}

/// Copies a piece to the same place in another arena.
///
/// - Returns: the checksum of the piece.
private func copyPiece(
    _ range: Range<Int>, from source: UnsafeMutablePointer<Float>, to target: UnsafeMutablePointer<Float>
) -> UInt64 {
    let read = UnsafeBufferPointer(start: source + range.lowerBound, count: range.count)
    let written = UnsafeMutableBufferPointer(start: target + range.lowerBound, count: range.count)
    var span = written.mutableSpan
    return PieceChecksum.copying(read.span, to: &span)
}
