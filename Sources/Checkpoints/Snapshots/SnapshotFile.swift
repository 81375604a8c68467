import Glibc
import Synchronization
package import Tensors

/// A file in memory (`/dev/shm`) with the state of a run after its last steps, in two slots: while one is written, the
/// other stays whole.
///
/// The file outlives the run's processes, however they end, but not its host. A slot is marked as being written before
/// its first byte and as whole after its last, and has a checksum: so reading gives the state of one step, or nothing.
/// For use by one thread.
package final class SnapshotFile {
    package let path: String
    package let head: SnapshotHead
    private let map: MappedFile
    /// The offset of the first slot.
    private let start: Int
    private let fingerprint: UInt64
    /// The slot for the next state: the one with the older state.
    private var next = 0
    /// The step of the newest whole state; nil where there is none.
    package private(set) var newestStep: Int?
    /// The descriptor that holds the file's lock as long as this process lives; nil where the file is only read.
    private let descriptor: Int32?

    /// - Parameter descriptor: the locked file, which `deinit` closes; nil to read only.
    init(path: String, head: SnapshotHead, headBytes: Int, _ map: MappedFile, locked descriptor: Int32?) {
        self.path = path
        self.head = head
        self.map = map
        self.descriptor = descriptor
        start = headBytes
        fingerprint = head.fingerprint
        if let newest = newest() {
            next = (newest.slot + 1) % SnapshotHead.slots
            newestStep = newest.state.step
        }
    }

    deinit { if let descriptor { close(descriptor) } }

    /// Returns the newest whole state, its slot, and the checksum of its floats, which this computes by reading all of
    /// them.
    package func newest() -> (slot: Int, state: SnapshotState, checksum: UInt64)? {
        let found = (0..<SnapshotHead.slots).compactMap { slot in state(of: slot).map { (slot, $0) } }
        let whole = found.sorted { $0.1.state.step > $1.1.state.step }.first { slot, found in
            checksum(of: slot) == found.content
        }
        return whole.map { ($0.0, $0.1.state, $0.1.content) }
    }

    /// Returns the floats of a slot: the parts of the state one after the other, in the engine's layout.
    package func content(of slot: Int) -> LentMemory<Float> {
        map.floats(at: place(of: slot) + SnapshotHead.wordBytes, count: head.sizes.floats)
    }

    /// The slot that the next state is written to.
    package var nextSlot: Int { next }

    /// Writes a state over the older of the two.
    ///
    /// - Parameter fill: writes the floats of `nextSlot`, and returns their checksum, combined from those of each
    ///   part's pieces (`PieceChecksum`).
    /// - Complexity: that of `fill`. Makes no system call and allocates nothing.
    package func write(_ state: SnapshotState, fill: () -> UInt64) {
        let place = place(of: next)
        map.setWord(at: place, to: SnapshotState.Mark.beingWritten)
        // No byte of the new state may precede the first mark, nor may the mark of a whole slot precede its last byte.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        let words = state.words(content: fill(), file: fingerprint)
        for index in 1..<words.count { map.setWord(at: place + 8 * index, to: words[index]) }
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        map.setWord(at: place, to: words[0])
        next = (next + 1) % SnapshotHead.slots
        newestStep = state.step
    }

    /// Returns the step of a run's newest whole state on this host; nil where there is none. Needs no engine, and works
    /// in any process of the run's user.
    package static func newestWholeStep(ofRun run: String, in folder: SnapshotFolder = .shared) -> Int? {
        (try? folder.open(run: run))?.newestStep
    }

    private func place(of slot: Int) -> Int { start + slot * head.slotBytes }

    private func state(of slot: Int) -> (state: SnapshotState, content: UInt64)? {
        var words = SnapshotState.Words(repeating: 0)
        for index in 0..<words.count { words[index] = map.word(at: place(of: slot) + 8 * index) }
        return SnapshotState(words, file: fingerprint).map { ($0, words[1]) }
    }

    private func checksum(of slot: Int) -> UInt64 {
        let content = content(of: slot)
        var pieces: [UInt64] = []
        var start = 0
        for count in head.sizes.parts {
            for first in stride(from: start, to: start + count, by: PieceChecksum.floats) {
                let piece = first..<min(first + PieceChecksum.floats, start + count)
                pieces.append(content.withMutableSpan(piece) { PieceChecksum.of($0.span) })
            }
            start += count
        }
        return PieceChecksum.combined(pieces.span)
    }
}
