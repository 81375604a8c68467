/// A file that people find among their pictures, and what is to become of it.
package struct OddPicture: Sendable {
    package enum Verdict: Hashable, Sendable {
        case decodes
        /// It is left out, for a reason in which these words stand.
        case leftOut(String)
        /// Either, for bytes changed at random: the same each time.
        case either
    }

    package let name: String
    package let bytes: [UInt8]
    package let verdict: Verdict

    /// All kinds: those that public reports of broken training runs tell of, and those of the formats' standards.
    package static let all = jpegs + damagedJPEGs + pngs + damagedPNGs + webps + foreign + cut + flipped

    init(_ name: String, _ bytes: [UInt8], _ verdict: Verdict = .decodes) {
        (self.name, self.bytes, self.verdict) = (name, bytes, verdict)
    }

    /// The size of most of them.
    static let (width, height) = (48, 40)

    /// Pixels whose files are long enough to be cut at many places.
    static func pixels(_ channels: Int) -> [UInt8] {
        let smooth = Pictures.gradient(width: width, height: height, channels: channels)
        return smooth.enumerated().map { $1 &+ UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13 & 15) }
    }

    static func jpeg(
        _ channels: Int = 3, isProgressive: Bool = false, sampling: (Int, Int) = (1, 1), restartInterval: Int = 0,
        isArithmetic: Bool = false
    ) -> [UInt8] {
        Pictures.jpeg(
            pixels(channels), width: width, height: height, channels: channels, isProgressive: isProgressive,
            sampling: (across: sampling.0, down: sampling.1), restartInterval: restartInterval,
            isArithmetic: isArithmetic)
    }

    static func png(_ channels: Int = 3) -> [UInt8] {
        Pictures.png(pixels(channels), width: width, height: height, channels: channels)
    }

    static func webp(_ channels: Int = 3, isLossless: Bool = false) -> [UInt8] {
        Pictures.webp(pixels(channels), width: width, height: height, channels: channels, isLossless: isLossless)
    }

    /// Files that end too early, at 20 places each.
    private static var cut: [OddPicture] {
        let files = [
            ("baseline.jpg", jpeg()), ("progressive.jpg", jpeg(isProgressive: true)),
            ("arithmetic.jpg", jpeg(isArithmetic: true)), ("png.png", png()), ("interlaced.png", interlaced),
            ("lossy.webp", webp()), ("lossless.webp", webp(isLossless: true)),
        ]
        return files.flatMap { name, file in
            (1...20).map { place in
                OddPicture("cut-\(place)-\(name)", Array(file.prefix(place * file.count / 21)), .leftOut(""))
            }
        }
    }

    /// Files with some bits turned over.
    private static var flipped: [OddPicture] {
        let files = [("baseline.jpg", jpeg()), ("progressive.jpg", jpeg(isProgressive: true)), ("lossy.webp", webp())]
        return files.flatMap { name, file in
            (0..<10).map { place in
                var changed = file
                for index in 0..<3 { changed[(place * 97 + index * 311 + 40) % file.count] ^= 1 << UInt8(place % 8) }
                return OddPicture("flipped-\(place)-\(name)", changed, .either)
            }
        }
    }

    static var interlaced: [UInt8] {
        Pictures.png(
            packed: pixels(3), width: width, height: height, depth: 8, colourType: 2, isInterlaced: true)
    }
}
