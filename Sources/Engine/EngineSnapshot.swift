package import Graphs
internal import Kernels
internal import Tensors

/// What an engine has learned, copied at one moment: parameters, buffers and optimizer state, in the engine's own layout.
package struct EngineSnapshot: Sendable {
    /// Parameters and buffers in canonical order.
    package let parameters: [ParameterSpecification]
    package let batchesTracked: Int

    let arena: ParameterArena
    /// Nobody may write there until the snapshot has been used.
    let memory: SnapshotMemory

    /// Hands the values of a parameter or buffer with storage in torch's layout to `body`, run by run, few at a time.
    package func forEachRun<Failure: Error>(
        ofValues id: ParameterID, _ body: (Span<Float>) throws(Failure) -> Void
    ) throws(Failure) {
        try arena.forEachRun(id, count: parameters[id.index].count, of: memory.weights.baseAddress, body)
    }

    /// Hands the optimizer's velocities of a trainable parameter in torch's layout to `body`, run by run, few at a time.
    package func forEachRun<Failure: Error>(
        ofMomentum id: ParameterID, _ body: (Span<Float>) throws(Failure) -> Void
    ) throws(Failure) {
        try arena.forEachRun(id, count: parameters[id.index].count, of: memory.velocities.baseAddress, body)
    }

    /// Whether averages were kept.
    package var hasAverages: Bool { memory.averages.count > 0 }

    /// Hands the average of a parameter or buffer with storage in torch's layout to `body`, run by run, few at a time.
    package func forEachRun<Failure: Error>(
        ofAverage id: ParameterID, _ body: (Span<Float>) throws(Failure) -> Void
    ) throws(Failure) {
        try arena.forEachRun(id, count: parameters[id.index].count, of: memory.averages.baseAddress, body)
    }

    /// The first parameter or buffer of which a value or velocity is infinite or not a number.
    package func firstNotFinite() -> (id: ParameterID, isMomentum: Bool)? {
        for index in parameters.indices {
            let id = ParameterID(index: index)
            let entry = arena.entries[index]
            if !allAreFinite(memory.weights.baseAddress + entry.offset, entry.storage) { return (id, false) }
            if parameters[index].isTrainable,
                !allAreFinite(memory.velocities.baseAddress + entry.offset, entry.storage)
            {
                return (id, true)
            }
        }
        return nil
    }
}

/// Room for one snapshot.
package final class SnapshotMemory: Sendable {
    let weights: AlignedBuffer<Float>
    let velocities: AlignedBuffer<Float>
    /// Empty where none are kept.
    let averages: AlignedBuffer<Float>

    private static let smallPageFloats = 1024

    init(_ arena: ParameterArena, keepsAverages: Bool) throws {
        let weights = try AlignedBuffer<Float>(count: arena.count)
        let velocities = try AlignedBuffer<Float>(count: arena.trainableCount)
        let averages = try AlignedBuffer<Float>(count: keepsAverages ? arena.count : 0)
        self.weights = weights
        self.velocities = velocities
        self.averages = averages
    }

    /// Has the system hand out all pages: the first write to a page costs ten times what a later one does.
    package func touch() {
        for place in stride(from: 0, to: weights.count, by: Self.smallPageFloats) { weights.baseAddress[place] = 0 }
        for place in stride(from: 0, to: velocities.count, by: Self.smallPageFloats) {
            velocities.baseAddress[place] = 0
        }
        for place in stride(from: 0, to: averages.count, by: Self.smallPageFloats) { averages.baseAddress[place] = 0 }
    }
}

extension Engine {
    /// Reserves room for snapshots of this engine, one at a time, with averages where they are kept by now.
    ///
    /// - Throws: `MemoryError.refused`
    package func snapshotMemory() throws -> SnapshotMemory {
        try SnapshotMemory(arena, keepsAverages: keepsAverages)
    }

    /// Copies what was learned: the only part of a checkpoint for which training stands still.
    ///
    /// - Parameter memory: of this engine; what it held before is gone.
    package func snapshot(in memory: SnapshotMemory) -> EngineSnapshot {
        copy(from: weights.baseAddress, to: memory.weights)
        copy(from: velocities.baseAddress, to: memory.velocities)
        if keepsAverages { copy(from: averages.baseAddress, to: memory.averages) }
        return EngineSnapshot(parameters: parameters, batchesTracked: batchesTracked, arena: arena, memory: memory)
    }

    /// Copies on all threads: one does not reach the memory's bandwidth.
    private func copy(from source: UnsafeMutablePointer<Float>, to target: borrowing AlignedBuffer<Float>) {
        let chunk = 1 << 18
        let count = target.count
        // Both stay put until the pool is done.
        nonisolated(unsafe) let (from, to) = (source, target.baseAddress)
        pool.run((count + chunk - 1) / chunk, UnsafeRawPointer(source)) { _, task, _ in
            let start = task * chunk
            (to + start).update(from: from + start, count: min(chunk, count - start))
        }
    }
}
