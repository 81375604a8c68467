import Tensors

/// The numbers of a run that change from step to step, besides the state of its network.
package struct SnapshotState: Equatable, Sendable {
    /// The optimizer steps taken: the slot's sequence number.
    package var step = 0
    /// The samples trained on since the run began.
    package var samples = 0
    /// The training batches that have entered the running statistics.
    package var batchesTracked = 0
    /// The sums since the last report, including this step.
    package var windowLossSum = 0.0
    package var windowCorrect = 0
    package var windowSamples = 0
    /// The loss of the last report; nil before the first.
    package var lastLoss: Double?
    /// The step of the last report; 0 before the first.
    package var reportedStep = 0
    /// The updates since the optimizer's state began.
    package var updates = 0

    package init() {}
}

extension SnapshotState {
    /// The words of a slot's head.
    typealias Words = InlineArray<16, UInt64>

    /// The first word of a slot, which tells whether the slot is whole.
    enum Mark {
        static let beingWritten: UInt64 = 0x676E_6974_6972_7773
        static let whole: UInt64 = 0x656C_6F68_7720_7369
    }

    private static let checksumPlace = 15

    /// Returns the head of a whole slot.
    ///
    /// - Parameters:
    ///   - content: the checksum of the floats after the head.
    ///   - file: the file's fingerprint, which distinguishes its slots from those of other files.
    func words(content: UInt64, file: UInt64) -> Words {
        var words = Words(repeating: 0)
        words[0] = Mark.whole
        words[1] = content
        words[2] = UInt64(step)
        words[3] = UInt64(samples)
        words[4] = UInt64(batchesTracked)
        words[5] = windowLossSum.bitPattern
        words[6] = UInt64(windowCorrect)
        words[7] = UInt64(windowSamples)
        words[8] = (lastLoss ?? .nan).bitPattern
        words[9] = UInt64(reportedStep)
        words[10] = UInt64(updates)
        words[Self.checksumPlace] = Self.checksum(words, file: file)
        return words
    }

    /// Reads a slot's head; nil where it is not whole, or any bit of it has changed.
    init?(_ words: Words, file: UInt64) {
        guard words[0] == Mark.whole, words[Self.checksumPlace] == Self.checksum(words, file: file) else { return nil }
        func count(_ place: Int) -> Int { Int(truncatingIfNeeded: words[place]) }
        step = count(2)
        samples = count(3)
        batchesTracked = count(4)
        windowLossSum = Double(bitPattern: words[5])
        windowCorrect = count(6)
        windowSamples = count(7)
        let loss = Double(bitPattern: words[8])
        lastLoss = loss.isNaN ? nil : loss
        reportedStep = count(9)
        updates = count(10)
    }

    private static func checksum(_ words: Words, file: UInt64) -> UInt64 {
        var result = file
        for place in 0..<checksumPlace { result = PieceChecksum.mixed(result ^ words[place]) }
        return result
    }
}
