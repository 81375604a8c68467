package import Graphs
internal import Kernels
package import Tensors

/// What an engine has learned, copied at one moment: parameters, buffers and optimizer state, in the engine's own
/// layout.
package struct EngineSnapshot: Sendable {
    /// Parameters and buffers in canonical order.
    package let parameters: [ParameterSpecification]
    package let batchesTracked: Int
    /// Of all that was copied: `PieceChecksum`'s of the pieces of values, velocities and averages, combined.
    package let checksum: UInt64

    let arena: ParameterArena
    /// Nobody may write there until the snapshot has been used.
    let memory: SnapshotMemory

    /// Hands the values of a parameter or buffer with storage in torch's layout to `body`, run by run, few at a time.
    package func forEachRun<Failure: Error>(
        ofValues id: ParameterID, _ body: (Span<Float>) throws(Failure) -> Void
    ) throws(Failure) {
        try arena.forEachRun(id, count: parameters[id.index].count, of: memory.weights, body)
    }

    /// Hands the optimizer's velocities of a trainable parameter in torch's layout to `body`, run by run, few at a
    /// time.
    package func forEachRun<Failure: Error>(
        ofMomentum id: ParameterID, _ body: (Span<Float>) throws(Failure) -> Void
    ) throws(Failure) {
        try arena.forEachRun(id, count: parameters[id.index].count, of: memory.velocities, body)
    }

    /// Whether averages were kept.
    package var hasAverages: Bool { memory.keepsAverages }

    /// Hands the average of a parameter or buffer with storage in torch's layout to `body`, run by run, few at a time.
    package func forEachRun<Failure: Error>(
        ofAverage id: ParameterID, _ body: (Span<Float>) throws(Failure) -> Void
    ) throws(Failure) {
        try arena.forEachRun(id, count: parameters[id.index].count, of: memory.averages, body)
    }

    /// The first parameter or buffer of which a value or velocity is infinite or not a number.
    package func firstNotFinite() -> (id: ParameterID, isMomentum: Bool)? {
        for index in parameters.indices {
            let id = ParameterID(index: index)
            let entry = arena.entries[index]
            if !allAreFinite(memory.weights + entry.offset, entry.storage) { return (id, false) }
            if parameters[index].isTrainable,
                !allAreFinite(memory.velocities + entry.offset, entry.storage)
            {
                return (id, true)
            }
        }
        return nil
    }
}

/// Capacity for one snapshot of an engine: values, velocities and averages one after the other, as its arenas have
/// them.
package final class SnapshotMemory: Sendable {
    let keepsAverages: Bool
    private let floats: LentMemory<Float>
    private let sizes: SnapshotSizes
    /// Of the pieces, until they are put together.
    fileprivate let checksums: AlignedBuffer<UInt64>

    private static let smallPageFloats = 1024

    /// - Parameter lent: where it is; nil reserves memory.
    fileprivate init(_ sizes: SnapshotSizes, in lent: LentMemory<Float>?) throws {
        let floats = try lent ?? ReservedFloats(count: sizes.floats).lent
        precondition(floats.count == sizes.floats, "\(floats.count) floats for a snapshot of \(sizes.floats)")
        self.floats = floats
        self.sizes = sizes
        keepsAverages = sizes.averages > 0
        checksums = try AlignedBuffer(count: sizes.pieces)
    }

    /// Has the system hand out all pages: the first write to a page costs ten times what a later one does.
    package func touch() {
        for place in stride(from: 0, to: floats.count, by: Self.smallPageFloats) { floats.baseAddress[place] = 0 }
    }

    var weights: UnsafeMutablePointer<Float> { floats.baseAddress }
    var velocities: UnsafeMutablePointer<Float> { weights + sizes.values }
    /// Nothing is there where none are kept.
    var averages: UnsafeMutablePointer<Float> { velocities + sizes.velocities }
}

/// Floats of a snapshot's parts.
package struct SnapshotSizes: Sendable {
    package let values: Int
    package let velocities: Int
    /// 0 where none are kept.
    package let averages: Int

    init(_ arena: ParameterArena, keepsAverages: Bool) {
        values = arena.count
        velocities = arena.trainableCount
        averages = keepsAverages ? arena.count : 0
    }

    package var floats: Int { values + velocities + averages }
    fileprivate var pieces: Int {
        PieceChecksum.pieces(of: values) + PieceChecksum.pieces(of: velocities) + PieceChecksum.pieces(of: averages)
    }
}

extension EngineLayout {
    /// Floats of a snapshot of such an engine.
    package func snapshotSizes(keepsAverages: Bool) -> SnapshotSizes {
        SnapshotSizes(arena, keepsAverages: keepsAverages)
    }
}

/// Memory of its own, to be lent.
private final class ReservedFloats: Sendable {
    private let buffer: AlignedBuffer<Float>

    init(count: Int) throws { buffer = try AlignedBuffer(count: count) }

    var lent: LentMemory<Float> { LentMemory(buffer.baseAddress, count: buffer.count, owner: self) }
}

extension Engine {
    /// Floats of a snapshot of this engine, with averages where they are kept by now.
    package var snapshotSizes: SnapshotSizes { SnapshotSizes(arena, keepsAverages: keepsAverages) }

    /// Reserves capacity for snapshots of this engine, one at a time, with averages where they are kept by now.
    ///
    /// - Parameter lent: as many floats as `snapshotSizes` says, to be taken for it.
    /// - Throws: `MemoryError.refused`
    package func snapshotMemory(in lent: LentMemory<Float>? = nil) throws -> SnapshotMemory {
        try SnapshotMemory(snapshotSizes, in: lent)
    }

    /// Copies what was learned: the only part of a checkpoint for which training stands still.
    ///
    /// - Parameter memory: of this engine; what it held before is gone.
    package func snapshot(in memory: SnapshotMemory) -> EngineSnapshot {
        let checksum = copy(memory) { part, range in
            PieceChecksum.copying(part.arena.span(range), to: part.copy, range)
        }
        return EngineSnapshot(
            parameters: parameters, batchesTracked: batchesTracked, checksum: checksum, arena: arena, memory: memory)
    }

    /// Takes over what an engine with the same arenas has left in `memory`, but for `batchesTracked`.
    ///
    /// - Returns: its checksum: where that is not what it should be, nothing that was taken over is to be used.
    package func restore(_ memory: SnapshotMemory) -> UInt64 {
        copy(memory) { part, range in PieceChecksum.copying(part.copy.span(range), to: part.arena, range) }
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
        precondition(memory.keepsAverages == keepsAverages, "a snapshot's memory is of another engine")
        // All of them stay put until the pool is done.
        nonisolated(unsafe) let parts: InlineArray<3, SnapshotPart> = [
            SnapshotPart(arena: weights.baseAddress, copy: memory.weights, count: arena.count),
            SnapshotPart(arena: velocities.baseAddress, copy: memory.velocities, count: arena.trainableCount),
            SnapshotPart(
                arena: averages.baseAddress, copy: memory.averages, count: keepsAverages ? arena.count : 0),
        ]
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

extension UnsafeMutablePointer<Float> {
    fileprivate func span(_ range: Range<Int>) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: self + range.lowerBound, count: range.count)
    }
}

extension PieceChecksum {
    /// Copies a piece to the same place of another arena.
    fileprivate static func copying(
        _ source: UnsafeBufferPointer<Float>, to target: UnsafeMutablePointer<Float>, _ range: Range<Int>
    ) -> UInt64 {
        let target = UnsafeMutableBufferPointer(start: target + range.lowerBound, count: range.count)
        var span = target.mutableSpan
        return copying(source.span, to: &span)
    }
}
