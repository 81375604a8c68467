/// Returns a fingerprint of 64 bits: any change of a single number changes it, any other change all but surely. It
/// detects accidents, not attacks; it is no cryptographic digest.
///
/// - Complexity: about a nanosecond a number.
package func fingerprint(of values: Span<Float>) -> UInt64 {
    // Four chains of FNV-1a over words: each step is a bijection of the chain's state.
    let prime: UInt64 = 0x100_0000_01B3
    var chains = SIMD4<UInt64>(
        0xCBF2_9CE4_8422_2325, 0x9E37_79B9_7F4A_7C15, 0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB)
    var index = 0
    while index + 4 <= values.count {
        for lane in 0..<4 {
            chains[lane] = (chains[lane] ^ UInt64(values[index + lane].bitPattern)) &* prime
        }
        index += 4
    }
    while index < values.count {
        chains[0] = (chains[0] ^ UInt64(values[index].bitPattern)) &* prime
        index += 1
    }
    var result: UInt64 = 0
    for lane in 0..<4 { result = (result ^ (chains[lane] ^ (chains[lane] &>> 29))) &* prime }
    return result
}
