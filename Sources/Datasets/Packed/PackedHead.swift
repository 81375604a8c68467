/// The first part of an index: the properties of the whole set.
struct PackedHead: Sendable {
    let channels: Int
    /// Pixels a side that all images have by the kind of their source.
    let imageSize: Int?
    let content: PackedContent
    let classes: Int
    let train: Int
    let test: Int
    let shards: Int
    let textBytes: Int
    /// The moments that are known of the images; none where there are none.
    let means: [Float]
    let deviations: [Float]

    private let path: String
    private let bytes: [UInt8]

    var samples: Int { train + test }
    /// The number of texts.
    var texts: Int { PackedLayout.headTexts(classes: classes) + samples }

    /// - Parameters:
    ///   - bytes: the first bytes of the file.
    ///   - length: the bytes of the whole file.
    ///   - path: the file's name in messages.
    /// - Throws: where the file's other parts cannot be found; `check` checks the rest.
    init(_ bytes: [UInt8], length: Int, path: String) throws(DatasetError) {
        func damaged(_ reason: String) -> DatasetError { .damagedPack(file: path, reason: reason) }
        self.bytes = bytes
        self.path = path
        guard bytes.starts(with: PackedLayout.indexMagic) else {
            throw damaged("it does not begin as the index of a packed dataset does")
        }
        guard bytes.count == PackedLayout.header else {
            throw damaged("it ends after \(length) bytes, inside of its first part")
        }
        let span = bytes.span.bytes
        let version: UInt32 = span.number(8)
        guard version == PackedLayout.version else {
            throw version > PackedLayout.version
                ? .laterPack(file: path, found: Int(version), known: Int(PackedLayout.version))
                : damaged("its version is \(version)")
        }
        func word(_ place: Int) -> Int { Int(span.number(place, as: UInt32.self)) }
        func count(_ place: Int, most: Int, _ name: String) throws(DatasetError) -> Int {
            let number: UInt64 = span.number(place)
            guard number <= UInt64(most) else { throw damaged("it announces \(number) \(name)") }
            return Int(number)
        }
        channels = word(12)
        imageSize = word(16) == 0 ? nil : word(16)
        content =
            switch word(20) {
            case 1: .smaller(shorter: word(24), quality: word(28))
            case 2: .pixels(shorter: word(24) == 0 ? nil : word(24))
            default: .stored
            }
        classes = try count(32, most: Int(UInt16.max), "classes")
        train = try count(40, most: Int(UInt32.max), "samples to train")
        test = try count(48, most: Int(UInt32.max), "samples to test")
        shards = try count(56, most: train + test, "shards")
        textBytes = try count(64, most: length, "bytes of text")
        let moments = min(word(72), 3)
        func floats(_ place: Int) -> [Float] {
            (0..<moments).map { Float(bitPattern: span.number(place + 4 * $0, as: UInt32.self)) }
        }
        means = floats(76)
        deviations = floats(88)
        // Counts of 33 bits at most, times at most 48: the sum fits.
        let announced =
            PackedLayout.header + PackedLayout.shardEntry * shards + PackedLayout.sampleEntry * (train + test)
            + PackedLayout.textEnd * (PackedLayout.headTexts(classes: classes) + train + test) + textBytes
            + PackedLayout.sum
        guard announced == length else {
            throw damaged("it has \(length) bytes, and its first part announces \(announced)")
        }
    }

    /// - Throws: for numbers that no writer writes.
    func check() throws(DatasetError) {
        func check(_ isSound: Bool, _ reason: @autoclosure () -> String) throws(DatasetError) {
            guard isSound else { throw .damagedPack(file: path, reason: reason()) }
        }
        let span = bytes.span.bytes
        let words = stride(from: 0, to: PackedLayout.header, by: 4).map { span.number($0, as: UInt32.self) }
        try check(channels == 1 || channels == 3, "its images have \(channels) channels")
        try check(imageSize ?? 1 <= 65_535, "its images have \(imageSize ?? 0) pixels a side")
        try check(
            Array(words[5...7]) == content.numbers && content.isUsable,
            "nothing is known of images of the kind \(words[5...7].map(String.init).joined(separator: ", "))")
        try check(classes > 1, "it has \(classes) classes, where two are needed")
        try check(train > 0, "it has no samples to train")
        let moments = Int(words[18])
        try check(
            (moments == 0 || moments == channels) && means.allSatisfy(\.isFinite)
                && deviations.allSatisfy { $0.isFinite && $0 > 0 },
            "the moments of its images are \(moments): \(means) and \(deviations)")
        try check(
            (words[(19 + means.count)..<22] + words[(22 + means.count)...]).allSatisfy { $0 == 0 },
            "its first part has numbers where nothing but 0 is known")
    }
}

extension PackedContent {
    /// The kind, the shorter side and the quality, as an index has them.
    var numbers: [UInt32] {
        switch self {
        case .stored: [0, 0, 0]
        case .smaller(let shorter, let quality): [1, UInt32(shorter), UInt32(quality)]
        case .pixels(let shorter): [2, UInt32(shorter ?? 0), 0]
        }
    }

    /// Whether images can be made like that.
    package var isUsable: Bool {
        switch self {
        case .stored: true
        case .smaller(let shorter, let quality):
            PackedContent.sides.contains(shorter) && PackedContent.qualities.contains(quality)
        case .pixels(let shorter): shorter.map(PackedContent.sides.contains) ?? true
        }
    }

    /// Pixels that a shorter side may have.
    package static let sides = 1...65_500
    /// libjpeg's scale.
    package static let qualities = 1...100
}
