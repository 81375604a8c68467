import CAllocations
import CheckpointFaults
import Checkpoints
import Foundation

/// Reads `cases` files that are almost checkpoints, and says what did not hold.
///
/// A file that is accepted as a checkpoint of ours must be the one that was altered: the digests see everything. A file
/// of at most 100 bytes must not make the reader allocate more than a megabyte, and no file more than a bound that
/// grows with it.
/// - Returns: whether all held.
func fuzz(seed: UInt64, cases: Int) -> Bool {
    let mutator = Mutator(seed: seed)
    let disk = MemoryDisk()
    var (accepted, refused, foreign) = (0, 0, 0)
    var (highest, highestOfShort) = (0, 0)
    for number in 0..<cases {
        let bytes = mutator.file(UInt64(number))
        guard let path = try? disk.put(bytes) else { return false }
        allocations_begin()
        let outcome = Result { () throws(CheckpointError) in try CheckpointDirectory.load(path, in: disk) }
        let peak = allocations_peak()
        var complaint: String?
        switch outcome {
        case .success(let found):
            accepted += 1
            if !mutator.originals.contains(where: { $0.isSame(as: found.checkpoint) }) {
                complaint = "a state that nobody saved"
            }
        case .failure(.metadata): foreign += 1
        case .failure: refused += 1
        }
        highest = max(highest, peak)
        if bytes.count <= 100 {
            highestOfShort = max(highestOfShort, peak)
            if peak > 1 << 20 { complaint = "a file of \(bytes.count) bytes made it allocate \(peak)" }
        }
        if peak > 16 << 20 { complaint = "a file of \(bytes.count) bytes made it allocate \(peak)" }
        if let complaint {
            print("case \(number) of seed \(seed): \(complaint)\n\(Data(bytes).base64EncodedString())")
            return false
        }
    }
    print(
        "\(cases) cases: \(refused) refused, \(foreign) files of other programs, \(accepted) still the same; "
            + "at most \(highest) bytes allocated, \(highestOfShort) for files of up to 100 bytes")
    return true
}

extension MemoryDisk {
    /// A file of these bytes.
    fileprivate func put(_ bytes: [UInt8]) throws -> String {
        let path = "/fuzz.safetensors.zst"
        if content(of: path) == nil { try close(create(path)) }
        overwrite(path, with: bytes)
        return path
    }
}
