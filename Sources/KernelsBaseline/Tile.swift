/// SSE2 and a fused multiply-add in software: slow, and the same bits.
typealias Vector = SIMD4<Float>
typealias Bits = SIMD4<UInt32>
@inline(__always) var tileRows: Int { 4 }
/// K iterations of a tile for each software prefetch.
@inline(__always) var stepsPerPrefetch: Int { 1 }
