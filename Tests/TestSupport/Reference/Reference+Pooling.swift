import Tensors

extension Reference {
    /// Counts the windows of `kernel` on an axis: P = (H + 2 padding - kernel) / stride + 1, rounded down, or up in
    /// ceil mode. There a last window that would start in the padding at the far end is left out, as torch does.
    package static func pooledExtent(_ extent: Int, kernel: Int, stride: Int, padding: Int, ceilMode: Bool) -> Int {
        let travel = extent + 2 * padding - kernel
        let count = (travel + (ceilMode ? stride - 1 : 0)) / stride + 1
        return ceilMode && (count - 1) * stride >= extent + padding ? count - 1 : count
    }

    static func pooledShape(_ shape: Shape, kernel: Int, stride: Int, padding: Int, ceilMode: Bool) -> Shape {
        Shape(
            height: pooledExtent(shape.height, kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode),
            width: pooledExtent(shape.width, kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode),
            channels: shape.channels)
    }
}
