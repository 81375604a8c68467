/// Sizes at which kernels go wrong: single elements, and one below, at and above a vector of 8 or 16 lanes and a pair
/// of them.
package enum AwkwardSizes {
    /// Channels: 1 and 3 of images, 6 and 10 that fill no vector, around 16 and 32, and whole vectors that are no
    /// power of two.
    package static let channels = [1, 3, 6, 10, 15, 16, 17, 31, 32, 33, 48, 96]
    /// Lengths of vectors and reductions.
    package static let counts = [0, 1, 15, 16, 17, 31, 33]

    /// A convolution that leaves at least one pixel.
    package struct Geometry: Hashable, Sendable, CustomStringConvertible {
        package let size: Int
        package let kernel: Int
        package let stride: Int
        package let padding: Int

        package init(size: Int, kernel: Int, stride: Int, padding: Int) {
            precondition(size + 2 * padding >= kernel, "a kernel of \(kernel) on \(size) pixels")
            self.size = size
            self.kernel = kernel
            self.stride = stride
            self.padding = padding
        }

        package var description: String { "\(size)px k\(kernel) s\(stride) p\(padding)" }
    }

    /// Every kernel of the models and some of none, at sizes that strides and tiles do not divide.
    package static let convolutions = [
        Geometry(size: 5, kernel: 5, stride: 1, padding: 0), Geometry(size: 7, kernel: 1, stride: 1, padding: 0),
        Geometry(size: 9, kernel: 1, stride: 2, padding: 0), Geometry(size: 8, kernel: 2, stride: 2, padding: 0),
        Geometry(size: 6, kernel: 2, stride: 1, padding: 1), Geometry(size: 5, kernel: 3, stride: 1, padding: 1),
        Geometry(size: 17, kernel: 3, stride: 1, padding: 1), Geometry(size: 11, kernel: 3, stride: 2, padding: 1),
        Geometry(size: 8, kernel: 3, stride: 2, padding: 0), Geometry(size: 13, kernel: 5, stride: 1, padding: 2),
        Geometry(size: 12, kernel: 5, stride: 2, padding: 3), Geometry(size: 16, kernel: 7, stride: 2, padding: 3),
        Geometry(size: 10, kernel: 7, stride: 1, padding: 0), Geometry(size: 7, kernel: 7, stride: 1, padding: 3),
    ]
}
