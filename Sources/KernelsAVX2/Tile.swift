/// AVX2 with FMA: 16 registers of 8 lanes hold 6 rows of two vectors, the two weights and a broadcast; 7 rows would
/// spill.
typealias Vector = SIMD8<Float>
typealias Bits = SIMD8<UInt32>
@inline(__always) var tileRows: Int { 6 }
/// K iterations of a tile for each software prefetch: they take six cycles each, and a prefetch in each would leave no
/// slots to their loads.
@inline(__always) var stepsPerPrefetch: Int { 4 }
