import Collectives
import Engine
import Machine
import Recipes
import Tensors
import Terminal

/// A comparison of the networks of all ranks, which finds ranks that differ.
struct ReplicaCheck {
    /// The tensors' names, in the order of `fingerprints`.
    let names: [String]
    /// The fingerprint of each tensor, by rank.
    let fingerprints: [[UInt64]]

    /// Returns the message about ranks that differ; nil where none does.
    ///
    /// - Parameter step: the optimizer steps taken.
    func complaint(step: Int) -> String? {
        let ranks = fingerprints.count
        let groups = Dictionary(grouping: 0..<ranks) { fingerprints[$0] }.values
        guard groups.count > 1 else { return nil }
        // The largest group counts as right. Of equally large ones none can be known to be; the lowest rank's then is
        // the reference.
        let largest = groups.map(\.count).max() ?? 0
        let candidates = groups.filter { $0.count == largest }
        let reference = candidates.compactMap(\.first).min() ?? 0
        let agreeing = groups.first { $0.contains(reference) } ?? []
        let odd = (0..<ranks).filter { !agreeing.contains($0) }
        let differing = names.indices.filter { fingerprints[odd[0]][$0] != fingerprints[reference][$0] }
        let first = differing.first.map { names[$0] } ?? ""
        let others = differing.count > 1 ? " and \(Wording.count(differing.count - 1, "more tensor"))" : ""
        let who =
            odd.count == 1
            ? "rank \(odd[0])/\(ranks)" : "ranks \(odd.map(String.init).joined(separator: ", ")) of \(ranks)"
        let doubt = candidates.count > 1 ? " (which of them is right cannot be told)" : ""
        return
            "after step \(step) the ranks no longer hold the same network: \(who) "
            + "\(odd.count == 1 ? "differs" : "differ") from rank \(reference)\(doubt), first in \(first)\(others). A "
            + "machine with bad memory does this, and so does a program that is not the same everywhere. The last "
            + "checkpoint is still good: --resume goes on from it"
    }
}

extension Trainer {
    /// Makes all ranks' states the same before one is saved. Collective.
    func shareState() throws {
        try shareRunningStatistics()
        try checkReplicas(includingBuffers: true)
    }

    /// Compares the replicas after a step where that is due. Collective.
    func checkReplicasNow() throws {
        guard recipe.replicaCheckEvery > 0, step % recipe.replicaCheckEvery == 0 else { return }
        try checkReplicas(includingBuffers: recipe.batchNorm == .sync)
    }

    /// Compares the state of all ranks, with running statistics where all should have the same. Collective.
    ///
    /// - Throws: `SharedFailure` with `ExitStatus.replicasDiffer` where they differ.
    func checkReplicas(includingBuffers: Bool) throws {
        guard world.size > 1 else { return }
        var (names, own): ([String], [UInt64]) = ([], [])
        for kind in engine.stateExtents.map(\.kind) {
            let ranges = engine.storage(of: kind, includingBuffers: includingBuffers)
            names += ranges.map { kind.tensorName(of: $0.name) }
            own += engine.withState(kind) { values in ranges.map { fingerprint(of: values.span.extracting($0.range)) } }
        }
        // A few bytes tell whether ranks differ at all.
        let digest = own.reduce(UInt64(0)) { ($0 ^ $1) &* 0x100_0000_01B3 }
        let digests = try world.gather(Self.bytes([digest]), to: 0, as: "replica check")
        guard try world.broadcast(Set(digests).count > 1 ? 1 : 0) == 1 else { return }
        let all = try world.gather(Self.bytes(own), to: 0, as: "replica check")
        let check = ReplicaCheck(names: names, fingerprints: all.map(Self.words))
        let complaint = world.rank == 0 ? check.complaint(step: step) : nil
        throw SharedFailure(complaint ?? "the ranks differ", exitStatus: ExitStatus.replicasDiffer)
    }

    private static func bytes(_ words: [UInt64]) -> [UInt8] {
        words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }

    private static func words(_ bytes: [UInt8]) -> [UInt64] {
        stride(from: 0, to: bytes.count, by: 8).map { start -> UInt64 in
            bytes[start..<start + 8].reversed().reduce(0) { word, byte in word << 8 | UInt64(byte) }
        }
    }
}
