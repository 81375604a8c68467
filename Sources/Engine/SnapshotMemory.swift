internal import Graphs
internal import Tensors

/// How an engine's parameters and velocities fall into pieces.
package struct SnapshotLayout: Sendable {
    struct Piece: Sendable {
        let parameters: [ParameterID]
        /// Of the arena.
        let floats: Range<Int>
    }

    let weights: [Piece]
    let velocities: [Piece]

    /// Floats of a piece: enough for huge pages, few enough to be no second copy.
    private static let pieceFloats = 4 << 20

    init(arena: ParameterArena) {
        let all = arena.entries.indices.map { ParameterID(index: $0) }
        weights = Self.pieces(of: all, arena, upTo: arena.count)
        velocities = Self.pieces(of: arena.order, arena, upTo: arena.trainableCount)
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
            pieces.append(Piece(parameters: members, floats: start..<end))
            (members, start) = ([], end)
        }
        return pieces
    }
}

/// Memory for one snapshot, ready to be written: its pages are there.
package final class SnapshotMemory: Sendable {
    let weights: [SnapshotPiece]
    let velocities: [SnapshotPiece]

    /// - Complexity: O(bytes); the system hands out pages and zeroes them.
    package init(layout: SnapshotLayout) {
        weights = layout.weights.map { SnapshotPiece($0) }
        velocities = layout.velocities.map { SnapshotPiece($0) }
    }
}

/// A run of parameters that lie side by side in their arena, and room for their copy.
final class SnapshotPiece: Sendable {
    let parameters: [ParameterID]
    let floats: Range<Int>
    let copy: AlignedBuffer<Float>

    private static let smallPageFloats = 1024

    init(_ piece: SnapshotLayout.Piece) {
        parameters = piece.parameters
        floats = piece.floats
        copy = AlignedBuffer(count: piece.floats.count)
        // A page is there once it has been written.
        for place in stride(from: 0, to: floats.count, by: Self.smallPageFloats) { copy.baseAddress[place] = 0 }
    }
}
