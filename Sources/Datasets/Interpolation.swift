/// The places of the pixels of a resized axis between those of the original: bilinear, with half-pixel centres and
/// repeated edges, as in PyTorch's `interpolate(mode: bilinear, align_corners: false)` without antialiasing.
struct Interpolation {
    /// The original pixel at or before the centre of each new pixel.
    private(set) var lower: [Int] = []
    /// The one after it.
    private(set) var upper: [Int] = []
    /// The share of the way from `lower` to `upper`, in [0, 1).
    private(set) var fraction: [Float] = []

    init(from original: Int, to size: Int) {
        precondition(original > 0 && size > 0, "an axis of \(original) pixels cannot become one of \(size)")
        for pixel in 0..<size {
            // In whole numbers up to here, so that equal ratios give equal places: (pixel + 1/2) original / size - 1/2.
            let doubled = max((2 * pixel + 1) * original - size, 0)
            let place = doubled / (2 * size)
            lower.append(min(place, original - 1))
            upper.append(min(place + 1, original - 1))
            fraction.append(Float(doubled - place * 2 * size) / Float(2 * size))
        }
    }
}
