/// SSE2 and a fused multiply-add in software: slow, and the same bits.
typealias Vector = SIMD4<Float>
typealias Bits = SIMD4<UInt32>
@inline(__always) var tileHeight: Int { 4 }
/// Steps of a tile that share what they ask for ahead.
@inline(__always) var stepsPerAsk: Int { 1 }
