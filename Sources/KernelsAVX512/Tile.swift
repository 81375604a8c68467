/// AVX-512: 32 registers of 16 lanes hold 14 rows of two vectors, the two weights and a broadcast.
typealias Vector = SIMD16<Float>
typealias Bits = SIMD16<UInt32>
@inline(__always) var tileHeight: Int { 14 }
/// Steps of a tile that share what they ask for ahead: they take 14 or 28 cycles each.
@inline(__always) var stepsPerAsk: Int { 1 }
