import Synchronization
import Tensors

/// Images that are bytes until the engine takes them in.
struct StoredImages: BatchImages {
    let memory: SampleMemory<UInt8>
    /// The place of each sample in `memory`.
    let places: [Int]
    let table: ByteTable

    var count: Int { places.count }
    var sampleCount: Int { memory.sampleCount }

    func write(_ index: Int, into slot: inout MutableSpan<Float>) {
        memory.withFinishedSample(places[index]) { table.write($0, into: &slot) }
    }
}

/// The samples of a batch that cannot be had, as the threads that prepare it find them.
final class Damage: Sendable {
    private let samples = Mutex<[Int: BadSample]>([:])

    func note(_ sample: BadSample, at position: Int) { samples.withLock { $0[position] = sample } }

    subscript(_ position: Int) -> BadSample? { samples.withLock { $0[position] } }
}

extension Normalisation {
    /// The normalised value of each byte of each channel.
    var table: ByteTable {
        ByteTable(channels: channels) { byte, channel in
            // Multiplying with 1/255 and 1/deviation would give other bits.
            (Float(byte) / 255 - means[channel]) / deviations[channel]
        }
    }
}
