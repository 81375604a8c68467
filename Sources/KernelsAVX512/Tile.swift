/// AVX-512: 32 registers of 16 lanes hold 14 rows of two vectors, the two weights and a broadcast.
typealias Vector = SIMD16<Float>
typealias Bits = SIMD16<UInt32>
@inline(__always) var tileHeight: Int { 14 }
