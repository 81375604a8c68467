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
    private var weights: [Piece?]
    private var velocities: [Piece?]

    /// A run of parameters that lie side by side in their arena.
    private final class Piece {
        let parameters: [ParameterID]
        let floats: Range<Int>
        let copy: AlignedBuffer<Float>

        init(_ parameters: [ParameterID], _ floats: Range<Int>) {
            self.parameters = parameters
            self.floats = floats
            copy = AlignedBuffer(count: floats.count)
        }
    }

    /// Floats of a piece: enough for huge pages, few enough to be no second copy.
    private static let pieceFloats = 4 << 20

    init(
        arena: ParameterArena, parameters: [ParameterSpecification], batchesTracked: Int,
        weights: UnsafeMutablePointer<Float>, velocities: UnsafeMutablePointer<Float>, pool: ThreadPool
    ) {
        self.arena = arena
        self.parameters = parameters
        self.batchesTracked = batchesTracked
        let weightPieces = Self.pieces(of: parameters.indices.map { ParameterID(index: $0) }, arena, upTo: arena.count)
        let velocityPieces = Self.pieces(of: arena.order, arena, upTo: arena.trainableCount)
        Self.copy(weightPieces, from: weights, pool)
        Self.copy(velocityPieces, from: velocities, pool)
        self.weights = weightPieces
        self.velocities = velocityPieces
    }

    private static func pieces(of ids: [ParameterID], _ arena: ParameterArena, upTo count: Int) -> [Piece] {
        let placed = ids.filter { arena.entries[$0.index].storage > 0 }
            .sorted { arena.entries[$0.index].offset < arena.entries[$1.index].offset }
        var pieces: [Piece] = []
        var (members, start): ([ParameterID], Int) = ([], 0)
        for id in placed {
            members.append(id)
            let end = arena.entries[id.index].offset + arena.entries[id.index].storage
            guard end - start >= pieceFloats || end == count else { continue }
            pieces.append(Piece(members, start..<end))
            (members, start) = ([], end)
        }
        return pieces
    }

    /// Copies on all threads: one does not reach the memory's bandwidth, and pages are zeroed when they are first touched.
    private static func copy(_ pieces: [Piece], from source: UnsafeMutablePointer<Float>, _ pool: ThreadPool) {
        let chunk = 1 << 18
        for piece in pieces {
            let (target, count, first) = (piece.copy.baseAddress, piece.floats.count, piece.floats.lowerBound)
            let tasks = (count + chunk - 1) / chunk
            // Both stay put until the pool is done.
            nonisolated(unsafe) let (from, to) = (source + first, target)
            pool.run(tasks, UnsafeRawPointer(source)) { _, task, _ in
                let start = task * chunk
                (to + start).update(from: from + start, count: min(chunk, count - start))
            }
        }
    }

    /// Hands out all values of parameters and buffers in torch's layout, in any order; `batchesTracked` is not among them.
    package func takeValues(_ body: (ParameterID, [Float]) -> Void) { take(&weights, body) }

    /// Hands out the optimizer's velocities of all trainable parameters in torch's layout, in any order.
    package func takeMomentum(_ body: (ParameterID, [Float]) -> Void) { take(&velocities, body) }

    private func take(_ pieces: inout [Piece?], _ body: (ParameterID, [Float]) -> Void) {
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
    package func snapshot() -> EngineSnapshot {
        EngineSnapshot(
            arena: arena, parameters: parameters, batchesTracked: batchesTracked, weights: weights.baseAddress,
            velocities: velocities.baseAddress, pool: pool)
    }
}
