import KernelInterface

// Dropout (Srivastava et al., 2014): an element is kept if the hash of its place is at least rate * 2^32, and then
// scaled by 1 / (1 - rate). The same kernel is its own gradient.

/// Mixes 64 bits: the finaliser of splitmix64 (Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators",
/// 2014).
@inline(__always)
private func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
}

/// Mixes 32 bits in every lane: the finaliser of MurmurHash3.
@inline(__always)
private func mix(_ value: Bits) -> Bits {
    var h = value
    h = (h ^ (h &>> Bits(repeating: 16))) &* Bits(repeating: 0x85EB_CA6B)
    h = (h ^ (h &>> Bits(repeating: 13))) &* Bits(repeating: 0xC2B2_AE35)
    return h ^ (h &>> Bits(repeating: 16))
}

func dropout(_ arguments: UnsafePointer<DropoutArguments>, _ task: Int, _ worker: Int) {
    guard arguments.pointee.batch.isActive(task) else { return }
    let input = arguments.pointee.input
    let output = arguments.pointee.output
    let addend = arguments.pointee.addend
    let step = arguments.pointee.step
    let sample = UInt64(step.pointee.sampleIDs[task])
    let key = mix(
        mix(mix(step.pointee.seed) ^ step.pointee.step)
            ^ (sample << 32 | UInt64(truncatingIfNeeded: arguments.pointee.layer)))
    let firstKey = Bits(repeating: UInt32(truncatingIfNeeded: key))
    let secondKey = Bits(repeating: UInt32(truncatingIfNeeded: key >> 32))
    let rate = arguments.pointee.rate
    let threshold = Bits(repeating: UInt32(truncatingIfNeeded: Int64(Double(rate) * 4_294_967_296)))
    let scale = Vector(repeating: 1 / (1 - rate))
    let zero = Vector(repeating: 0)
    var ramp = Bits(repeating: 0)
    for i in 0..<lanes { ramp[i] = UInt32(truncatingIfNeeded: i) }
    for pixel in 0..<(output.height &* output.width) {
        let source = input.sample(task) + pixel &* input.pixelStride
        let target = output.sample(task) + pixel &* output.pixelStride
        var lane = 0
        while lane < padded(output.channels) {
            let element = Bits(repeating: UInt32(truncatingIfNeeded: pixel &* output.channels &+ lane)) &+ ramp
            let draw = mix(mix(element ^ firstKey) ^ secondKey)
            var value = zero.replacing(with: vector(source + lane) * scale, where: draw .>= threshold)
            if let addend { value += vector(addend.sample(task) + pixel &* addend.pixelStride + lane) }
            put(value, target + lane)
            lane &+= lanes
        }
    }
}

/// Adds the kernels of this file.
func addDropoutKernels(to table: inout KernelTable) {
    table.dropout.body = dropout
}
