internal import Synchronization

extension Engine {
    /// Whether all gradients are finite. Reads each once, on all threads.
    package func gradientsAreFinite() -> Bool {
        let result = Finding()
        forEachChunkOfGradients { values, count in
            if !allAreFinite(values, count) { result.isFinite.store(false, ordering: .relaxed) }
        }
        return result.isFinite.load(ordering: .relaxed)
    }
}

private final class Finding: Sendable {
    let isFinite = Atomic<Bool>(true)
}

/// Whether all values are finite. Only an infinity or a NaN has an exponent of ones, which carries into the sign bit
/// when 1 is added.
///
/// - Parameter count: a multiple of 16, as the counts of all parameters in the arenas are.
func allAreFinite(_ values: UnsafePointer<Float>, _ count: Int) -> Bool {
    typealias Bits = SIMD16<UInt32>
    var carried = Bits(repeating: 0)
    for i in stride(from: 0, to: count, by: 16) {
        let bits = UnsafeRawPointer(values + i).loadUnaligned(as: Bits.self)
        carried |= (bits & 0x7F80_0000) &+ 0x0080_0000
    }
    var all: UInt32 = 0
    for lane in carried.indices { all |= carried[lane] }
    return all < 0x8000_0000
}
