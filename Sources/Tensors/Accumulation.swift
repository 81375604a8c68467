/// Numbers that are added vector by vector.
package protocol Addend: FloatingPoint & BitwiseCopyable {
    /// sums += addends, number by number.
    static func add(_ addends: Span<Self>, to sums: inout MutableSpan<Self>)
}

extension Float: Addend {
    package static func add(_ addends: Span<Float>, to sums: inout MutableSpan<Float>) {
        precondition(addends.count >= sums.count, "\(addends.count) addends for \(sums.count) sums")
        addends.withUnsafeBufferPointer { source in
            sums.withUnsafeMutableBufferPointer { target in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                typealias Vector = SIMD16<Float>
                let lanes = Vector.scalarCount
                var index = 0
                while index &+ lanes <= target.count {
                    let addend = UnsafeRawPointer(from + index).loadUnaligned(as: Vector.self)
                    let sum = UnsafeRawPointer(to + index).loadUnaligned(as: Vector.self)
                    UnsafeMutableRawPointer(to + index).storeBytes(of: sum + addend, as: Vector.self)
                    index &+= lanes
                }
                while index < target.count {
                    to[index] += from[index]
                    index &+= 1
                }
            }
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
