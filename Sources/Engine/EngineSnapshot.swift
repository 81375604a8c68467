package import Graphs
internal import Kernels
internal import Tensors

/// What an engine has learned, copied at one moment: parameters, buffers and optimizer state, in the engine's own layout.
///
/// The copy is made in pieces, which go as soon as their tensors have been taken out, so that unpacking it takes one piece's memory
/// more and not a copy's. Tensors are to be taken once.
package final class EngineSnapshot: @unchecked Sendable {
    /// Parameters and buffers in canonical order.
    package let parameters: [ParameterSpecification]
    package let batchesTracked: Int

    private let arena: ParameterArena
    // Unchecked: written by the initializer alone; later by `take`, of which one thread is the caller.
    private var weights: [SnapshotPiece?]
    private var velocities: [SnapshotPiece?]

    init(
        arena: ParameterArena, parameters: [ParameterSpecification], batchesTracked: Int,
        weights: UnsafeMutablePointer<Float>, velocities: UnsafeMutablePointer<Float>, memory: SnapshotMemory,
        pool: ThreadPool
    ) {
        self.arena = arena
        self.parameters = parameters
        self.batchesTracked = batchesTracked
        Self.copy(memory.weights, from: weights, pool)
        Self.copy(memory.velocities, from: velocities, pool)
        self.weights = memory.weights
        self.velocities = memory.velocities
    }

    /// Copies on all threads: one does not reach the memory's bandwidth.
    private static func copy(
        _ pieces: [SnapshotPiece], from source: UnsafeMutablePointer<Float>, _ pool: ThreadPool
    ) {
        let chunk = 1 << 18
        for piece in pieces {
            let (target, count, first) = (piece.copy.baseAddress, piece.floats.count, piece.floats.lowerBound)
            // Both stay put until the pool is done.
            nonisolated(unsafe) let (from, to) = (source + first, target)
            pool.run((count + chunk - 1) / chunk, UnsafeRawPointer(source)) { _, task, _ in
                let start = task * chunk
                (to + start).update(from: from + start, count: min(chunk, count - start))
            }
        }
    }

    /// Hands out all values of parameters and buffers in torch's layout, in any order; `batchesTracked` is not among them.
    package func takeValues(_ body: (ParameterID, [Float]) -> Void) { take(&weights, body) }

    /// Hands out the optimizer's velocities of all trainable parameters in torch's layout, in any order.
    package func takeMomentum(_ body: (ParameterID, [Float]) -> Void) { take(&velocities, body) }

    private func take(_ pieces: inout [SnapshotPiece?], _ body: (ParameterID, [Float]) -> Void) {
        for index in pieces.indices {
            guard let piece = pieces[index] else { continue }
            // As if the piece were the whole arena.
            let base = piece.copy.baseAddress - piece.floats.lowerBound
            for id in piece.parameters { body(id, arena.read(id, count: parameters[id.index].count, from: base)) }
            pieces[index] = nil
        }
        pieces = []
    }
}

extension Engine {
    /// Copies what was learned: the only part of a checkpoint for which training stands still.
    ///
    /// - Parameter memory: used up by it. Memory that is new to the process costs ten times what the copy does, so it had better be
    ///   made ready beforehand.
    package func snapshot(in memory: SnapshotMemory? = nil) -> EngineSnapshot {
        EngineSnapshot(
            arena: arena, parameters: parameters, batchesTracked: batchesTracked, weights: weights.baseAddress,
            velocities: velocities.baseAddress, memory: memory ?? SnapshotMemory(layout: snapshotLayout), pool: pool)
    }

    /// What memory for a snapshot must look like: enough to make it on another thread.
    package var snapshotLayout: SnapshotLayout { SnapshotLayout(arena: arena) }
}
