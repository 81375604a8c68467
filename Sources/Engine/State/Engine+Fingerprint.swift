internal import Compiler
internal import Graphs
internal import Tensors

extension Engine {
    /// A hash of the layout of this engine's arenas: of the parameters, their places and their packing.
    package var arenaFingerprint: UInt64 {
        var result = UInt64(parameters.count)
        func add(_ number: Int) { result = PieceChecksum.mixed(result ^ UInt64(bitPattern: Int64(number))) }
        for (parameter, entry) in zip(parameters, arena.entries) {
            for byte in parameter.name.utf8 { add(Int(byte)) }
            add(parameter.shape.count)
            for size in parameter.shape { add(size) }
            add(entry.offset)
            add(entry.storage)
            guard let packing = entry.packing else { continue }
            for number in [packing.outputs, packing.inputs, packing.taps, packing.groups] { add(number) }
        }
        add(arena.count)
        add(arena.trainableCount)
        return result
    }
}
