package import Graphs

/// Numbers that any implementation can rebuild from a tensor's name, so that no golden file has to store weights.
///
/// The seed is the name's 64-bit FNV-1a hash; splitmix64 counts on from there; the upper 24 bits become a Float in
/// [-1, 1).
package func goldenUnit(name: String, count: Int) -> [Float] {
    var seed: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { seed = (seed ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
        for index in 0..<count {
            var z = seed &+ UInt64(truncatingIfNeeded: index + 1) &* 0x9E37_79B9_7F4A_7C15
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            z ^= z >> 31
            buffer.initializeElement(at: index, to: Float(z >> 40) * 0x1p-23 - 1)
        }
        initialized = count
    }
}

/// The golden runs' values of a parameter or buffer, in torch's layout. Products and sums are float32.
package func goldenFill(_ parameter: ParameterSpecification) -> [Float] {
    let unit = goldenUnit(name: parameter.name, count: parameter.count)
    switch parameter.role {
    case .batchesTracked: return [0]
    case .runningMean, .bias, .normBias: return unit.map { 0.1 * $0 }
    case .runningVariance: return unit.map { 1 + 0.5 * $0 }
    case .normWeight: return unit.map { 1 + 0.1 * $0 }
    case .convolutionWeight, .linearWeight:
        let fanIn = parameter.shape.dropFirst().reduce(1, *)
        let scale = Float((6 / Double(fanIn)).squareRoot())
        return unit.map { scale * $0 }
    }
}

/// `samples` images of the golden runs, N x H x W x C: torch's N x C x H x W, filled from the name `input`, with
/// channels last.
package func goldenImages(samples: Int, channels: Int, height: Int, width: Int) -> [Float] {
    let planes = goldenUnit(name: "input", count: samples * channels * height * width)
    var images: [Float] = []
    images.reserveCapacity(planes.count)
    for n in 0..<samples {
        for pixel in 0..<(height * width) {
            for c in 0..<channels { images.append(planes[(n * channels + c) * height * width + pixel]) }
        }
    }
    return images
}
