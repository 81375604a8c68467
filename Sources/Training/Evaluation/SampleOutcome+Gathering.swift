import Collectives
import Engine

extension Communicator {
    /// Gathers all ranks' outcomes on rank 0. Collective.
    ///
    /// - Returns: the outcomes on rank 0, none on other ranks.
    func gather(_ outcomes: [SampleOutcome]) throws -> [SampleOutcome] {
        guard size > 1 else { return outcomes }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(outcomes.count * SampleOutcome.byteCount)
        for outcome in outcomes { outcome.write(to: &bytes) }
        let gathered = try gather(bytes, to: 0, as: "evaluation details")
        var all: [SampleOutcome] = []
        for own in gathered {
            for first in stride(from: 0, to: own.count, by: SampleOutcome.byteCount) {
                all.append(SampleOutcome(own, at: first))
            }
        }
        return all
    }
}

// An outcome as bytes: five numbers of 32 bits, little endian.
extension SampleOutcome {
    fileprivate static var byteCount: Int { 20 }

    fileprivate func write(to bytes: inout [UInt8]) {
        func add(_ word: UInt32) { withUnsafeBytes(of: word.littleEndian) { bytes += $0 } }
        add(sampleID)
        add(UInt32(bitPattern: label))
        add(UInt32(bitPattern: predicted))
        add(probability.bitPattern)
        add(loss.bitPattern)
    }

    fileprivate init(_ bytes: [UInt8], at first: Int) {
        func word(_ place: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[first + 4 * place + $1]) << (8 * UInt32($1)) }
        }
        self.init(
            sampleID: word(0), label: Int32(bitPattern: word(1)), predicted: Int32(bitPattern: word(2)),
            probability: Float(bitPattern: word(3)), loss: Float(bitPattern: word(4)))
    }
}
