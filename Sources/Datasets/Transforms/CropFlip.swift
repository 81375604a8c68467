/// The usual augmentation for CIFAR: the image is moved by up to four pixels each way, with black where pixels are
/// missing, and mirrored every other time. (He et al., "Deep Residual Learning for Image Recognition", 2016, section
/// 4.2.)
struct CropFlip {
    /// The first row and column of the padded image, in 0...8; 4 leaves the image in place.
    let top: Int
    let left: Int
    let isMirrored: Bool

    /// Black pixels that are added at each edge.
    static let padding = 4
    /// The random number that decides whether the image is mirrored.
    static let flipIndex: UInt64 = 2
}

extension CropFlip {
    init(_ draws: AugmentationDraws, padding: Int = padding) {
        top = draws.integer(0, below: 2 * padding + 1)
        left = draws.integer(1, below: 2 * padding + 1)
        isMirrored = draws.coin(Self.flipIndex)
    }

    /// Crops, then mirrors.
    func apply(to pixels: inout MutableSpan<Float>, side: Int, black: [Float]) {
        let channels = black.count
        let original = pixels.indices.map { pixels[$0] }
        for row in 0..<side {
            let source = row + top - Self.padding
            for column in 0..<side {
                let across = (isMirrored ? side - 1 - column : column) + left - Self.padding
                let isInside = (0..<side).contains(source) && (0..<side).contains(across)
                let (from, to) = ((source * side + across) * channels, (row * side + column) * channels)
                for channel in 0..<channels {
                    pixels[to + channel] = isInside ? original[from + channel] : black[channel]
                }
            }
        }
    }
}
