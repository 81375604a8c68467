/// AVX-512: 32 registers of 16 lanes hold 14 rows of two vectors, the two weights and a broadcast.
typealias Vector = SIMD16<Float>
typealias Bits = SIMD16<UInt32>
@inline(__always) var tileRows: Int { 14 }
/// K iterations of a tile for each software prefetch: they take 14 or 28 cycles each.
@inline(__always) var stepsPerPrefetch: Int { 1 }
