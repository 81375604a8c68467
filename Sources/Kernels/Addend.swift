internal import KernelInterface

/// Numbers that are added by the widest kernels that the CPU has.
package protocol Addend: FloatingPoint & BitwiseCopyable {
    /// sums += addends, number by number.
    static func add(_ addends: Span<Self>, to sums: inout MutableSpan<Self>)
}

extension Float: Addend {
    private static let kernel = InstructionSet.supported[0].kernels.add.body

    package static func add(_ addends: Span<Float>, to sums: inout MutableSpan<Float>) {
        precondition(addends.count >= sums.count, "\(addends.count) addends for \(sums.count) sums")
        addends.withUnsafeBufferPointer { source in
            sums.withUnsafeMutableBufferPointer { target in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                // Kernels know whole vectors only.
                let whole = target.count / 16 * 16
                if whole > 0 { addVectors(whole, from, to: to) }
                for index in whole..<target.count { to[index] += from[index] }
            }
        }
    }

    private static func addVectors(_ count: Int, _ from: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>) {
        func view(_ base: UnsafeMutablePointer<Float>) -> TensorView {
            TensorView(base: base, height: 1, width: 1, channels: count, pixelStride: count, sampleStride: count)
        }
        var one = 1
        withUnsafeMutablePointer(to: &one) { one in
            let arguments = ElementwiseArguments(
                batch: BatchLayout(shards: 1, shardCapacity: 1, shardSizes: one), first: view(to),
                second: view(UnsafeMutablePointer(mutating: from)), output: view(to), addend: nil)
            withUnsafePointer(to: arguments) { kernel($0, 0, 0) }
        }
    }
}

extension Double: Addend {
    package static func add(_ addends: Span<Double>, to sums: inout MutableSpan<Double>) {
        precondition(addends.count >= sums.count, "\(addends.count) addends for \(sums.count) sums")
        addends.withUnsafeBufferPointer { source in
            sums.withUnsafeMutableBufferPointer { target in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                for index in 0..<target.count { to[index] += from[index] }
            }
        }
    }
}
