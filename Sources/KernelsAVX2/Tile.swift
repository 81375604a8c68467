/// AVX2 with FMA: 16 registers of 8 lanes hold 6 rows of two vectors, the two weights and a broadcast; 7 rows would
/// spill.
typealias Vector = SIMD8<Float>
typealias Bits = SIMD8<UInt32>
@inline(__always) var tileHeight: Int { 6 }
/// Steps of a tile that share what they ask for ahead: they take six cycles each, and to ask in each would
/// leave their loads no room.
@inline(__always) var stepsPerAsk: Int { 4 }
