import Tensors

extension Dataset {
    /// A fingerprint of a run's data: sizes, classes, and a digest of some samples, so that the data need not be read
    /// as a whole.
    ///
    /// It does not depend on the data's place: a folder, its tar file and its packed form have the same. Nor does it
    /// depend on measured moments.
    ///
    /// - Complexity: a few dozen samples, whatever the size.
    package var fingerprint: String {
        var digest = FNV1a()
        let stored = (self as? StoredDataset).map { StoredDataset($0.source) as any Dataset } ?? self
        for split in Split.allCases {
            let count = count(of: split)
            for number in 0..<Swift.min(Self.labels, count) {
                digest.add(
                    UInt64(truncatingIfNeeded: label(at: number * count / Swift.min(Self.labels, count), in: split)))
            }
            for number in 0..<Swift.min(Self.images, count) {
                let index = number * count / Swift.min(Self.images, count)
                // A file that cannot be read is reported when it is used.
                let pixels = (try? stored.image(index, of: split, imageSize: Self.imageSize)) ?? []
                for pixel in pixels { digest.add(UInt64(pixel.bitPattern)) }
            }
        }
        for name in classNames { for byte in name.utf8 { digest.add(UInt64(byte)) } }
        return "\(count(of: .train)) to train and \(count(of: .test)) to test, \(classNames.count) classes, "
            + "\(channels) channels, samples \(String(digest.value, radix: 16))"
    }

    /// The number of samples whose labels count, spread evenly over a split.
    private static var labels: Int { 1024 }
    /// The number of samples whose pixels count.
    private static var images: Int { 16 }
    private static var imageSize: Int { 32 }
}

/// A 64-bit digest that distinguishes contents, but does not resist forgery. (Fowler, Noll and Vo, "The FNV
/// non-cryptographic hash algorithm", by bytes.)
struct FNV1a {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    init() {}

    /// The digest of some bytes.
    init(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }

    mutating func add(_ bytes: Span<UInt8>) {
        for index in bytes.indices { value = (value ^ UInt64(bytes[index])) &* 0x100_0000_01b3 }
    }

    mutating func add(_ number: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            value = (value ^ (number >> shift & 255)) &* 0x100_0000_01b3
        }
    }
}
