internal import Compiler
package import Graphs
internal import Kernels
package import Tensors

/// A copy of an engine's state at one time, in the engine's own layout.
package struct EngineSnapshot: Sendable {
    /// Parameters and buffers in canonical order.
    package let parameters: [ParameterSpecification]
    package let batchesTracked: Int
    /// The checksum of the whole copy: `PieceChecksum`'s of the pieces of the state's parts, combined.
    package let checksum: UInt64

    let arena: ParameterArena
    /// The copy's memory; nothing may write there until the snapshot has been used.
    let memory: SnapshotMemory

    /// The parts that were copied, in the order of `EngineLayout.state`.
    package var kinds: [StateKind] { memory.extents.map(\.kind) }

    /// Hands the numbers of a parameter or buffer with storage in a part of the state, in torch's layout, to `body`,
    /// run by run, few at a time.
    package func forEachRun<Failure: Error>(
        of id: ParameterID, in kind: StateKind, _ body: (Span<Float>) throws(Failure) -> Void
    ) throws(Failure) {
        try arena.forEachRun(id, count: parameters[id.index].count, of: memory.part(kind), body)
    }

    /// The first number of the state that is infinite or none: the part and the parameter or buffer that it is of.
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

/// Capacity for one snapshot of an engine: the parts of its state one after the other, as its arenas have them.
package final class SnapshotMemory: Sendable {
    let extents: [StateExtent]
    private let floats: LentMemory<Float>
    /// The checksums of the pieces, until they are combined.
    fileprivate let checksums: AlignedBuffer<UInt64>

    private static let smallPageFloats = 1024

    /// - Parameter lent: where it is; nil reserves memory.
    fileprivate init(_ extents: [StateExtent], in lent: LentMemory<Float>?) throws {
        let count = extents.reduce(0) { $0 + $1.floats }
        let floats = try lent ?? ReservedFloats(count: count).lent
        precondition(floats.count == count, "\(floats.count) floats for a snapshot of \(count)")
        self.floats = floats
        self.extents = extents
        checksums = try AlignedBuffer(count: extents.reduce(0) { $0 + PieceChecksum.pieces(of: $1.floats) })
    }

    /// Has the system hand out all pages: the first write to a page costs ten times what a later one does.
    package func touch() {
        for place in stride(from: 0, to: floats.count, by: Self.smallPageFloats) { floats.baseAddress[place] = 0 }
    }

    /// The copy of a part of the state.
    func part(_ kind: StateKind) -> UnsafeMutablePointer<Float> {
        let before = extents.prefix { $0.kind != kind }
        precondition(before.count < extents.count, "a snapshot has no \(kind)")
        return floats.baseAddress + before.reduce(0) { $0 + $1.floats }
    }
}

/// Memory of its own, to be lent.
private final class ReservedFloats: Sendable {
    private let buffer: AlignedBuffer<Float>

    init(count: Int) throws { buffer = try AlignedBuffer(count: count) }

    var lent: LentMemory<Float> { LentMemory(buffer.baseAddress, count: buffer.count, owner: self) }
}

extension Engine {
    /// Reserves capacity for snapshots of this engine, one at a time.
    ///
    /// - Parameter lent: as many floats as all parts of the state have, to be taken for it.
    /// - Throws: `MemoryError.refused`
    package func snapshotMemory(in lent: LentMemory<Float>? = nil) throws -> SnapshotMemory {
        try SnapshotMemory(stateExtents, in: lent)
    }

    /// Copies what was learned: the only part of a checkpoint for which training stands still.
    ///
    /// - Parameter memory: of this engine; what it held before is gone.
    package func snapshot(in memory: SnapshotMemory) -> EngineSnapshot {
        let checksum = copy(memory) { part, range in copyPiece(range, from: part.arena, to: part.copy) }
        return EngineSnapshot(
            parameters: parameters, batchesTracked: batchesTracked, checksum: checksum, arena: arena, memory: memory)
    }

    /// Takes over what an engine with the same arenas has left in `memory`, but for what is counted.
    ///
    /// - Returns: its checksum: where that is not what it should be, nothing that was taken over is to be used.
    package func restore(_ memory: SnapshotMemory) -> UInt64 {
        copy(memory) { part, range in copyPiece(range, from: part.copy, to: part.arena) }
    }

    /// One of the arenas that a snapshot is of, and its copy.
    private struct SnapshotPart {
        let arena: UnsafeMutablePointer<Float>
        let copy: UnsafeMutablePointer<Float>
        let count: Int
    }

    /// Has all threads move pieces, one way or the other: one thread does not reach the memory's bandwidth.
    ///
    /// - Parameter move: gives a piece's checksum.
    private func copy(
        _ memory: SnapshotMemory, _ move: @escaping @Sendable (SnapshotPart, Range<Int>) -> UInt64
    ) -> UInt64 {
        precondition(memory.extents == stateExtents, "a snapshot's memory is of another engine")
        // All of them stay put until the pool is done.
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

/// Copies a piece to the same place of another arena.
///
/// - Returns: its checksum.
private func copyPiece(
    _ range: Range<Int>, from source: UnsafeMutablePointer<Float>, to target: UnsafeMutablePointer<Float>
) -> UInt64 {
    let read = UnsafeBufferPointer(start: source + range.lowerBound, count: range.count)
    let written = UnsafeMutableBufferPointer(start: target + range.lowerBound, count: range.count)
    var span = written.mutableSpan
    return PieceChecksum.copying(read.span, to: &span)
}
