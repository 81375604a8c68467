import Graphs
import Networks
import TestSupport

/// Convolutions that Winograd computes: kernels of 3x3 at stride 1 or 2 between 16 channels and more.
extension Specimens {
    /// Maps that tiles of 2x2 and 4x4 outputs fill exactly, or beyond whose edges they reach, from one tile to several
    /// row blocks. Channels fill vectors and register tiles or do not, up to more weights than one task takes. At
    /// stride 2, the last row and column of the map are read or are not.
    private static let layers: [(inputs: Int, outputs: Int, size: Int, padding: Int, stride: Int)] = [
        (16, 16, 4, 1, 1), (16, 17, 8, 1, 1), (17, 16, 5, 1, 1), (31, 33, 6, 1, 1), (32, 32, 7, 1, 1),
        (33, 48, 8, 1, 1), (48, 31, 9, 0, 1), (96, 16, 6, 0, 1), (16, 96, 4, 2, 1), (20, 40, 7, 2, 1),
        (64, 64, 10, 1, 1), (80, 112, 4, 1, 1), (160, 144, 4, 1, 1), (16, 32, 36, 1, 1),
        (16, 16, 4, 1, 2), (17, 31, 8, 1, 2), (33, 20, 11, 1, 2), (48, 33, 12, 1, 2), (80, 112, 7, 1, 2),
        (160, 272, 8, 1, 2), (16, 32, 71, 1, 2),
    ]

    static let filtered: [Specimen] =
        layers.compactMap { layer in
            try? Specimen(
                "filtered \(layer.inputs) to \(layer.outputs), \(layer.size)px p\(layer.padding) s\(layer.stride)",
                channels: 3,
                imageSize: layer.size
            ) {
                $0.convolution("pointwise", to: layer.inputs, kernel: 1)
                    .convolution(
                        "filtered", to: layer.outputs, kernel: 3, stride: layer.stride, padding: layer.padding)
            }
        }
        + [
            try? Specimen("filtered, added and normalised on load", imageSize: 8) {
                let x = $0.convolution("stem", to: 20, kernel: 1, bias: false).batchNorm("bn0").relu()
                let y = x.convolution("conv1", to: 33, kernel: 3, padding: 1, bias: false).batchNorm("bn1").relu()
                    .convolution("conv2", to: 20, kernel: 3, padding: 1, bias: false).batchNorm("bn2")
                return y.add(x).relu().convolution("conv3", to: 20, kernel: 3, padding: 1).add(x)
            },
            try? Specimen("filtered at stride 2, normalised on load, its gradient added and masked", imageSize: 8) {
                let x = $0.convolution("stem", to: 20, kernel: 1, bias: false).batchNorm("bn0").relu()
                let y = x.convolution("conv1", to: 33, kernel: 3, stride: 2, padding: 1, bias: false).batchNorm("bn1")
                let z = x.convolution("conv2", to: 33, kernel: 3, stride: 2, padding: 1).relu()
                return y.add(z).relu()
            },
            try? Specimen("filtered between slices", imageSize: 6) {
                let x = $0.convolution("stem", to: 32, kernel: 1)
                return x.concatenate(x.convolution("a", to: 16, kernel: 3, padding: 1))
                    .convolution("b", to: 16, kernel: 3, padding: 1)
            },
            try? Specimen("filtered in groups", imageSize: 6) {
                $0.convolution("stem", to: 64, kernel: 1)
                    .convolution("grouped", to: 64, kernel: 3, padding: 1, groups: 2)
                    .convolution("narrow", to: 64, kernel: 3, padding: 1, groups: 8)
                    .convolution("strided", to: 64, kernel: 3, stride: 2, padding: 1, groups: 2)
            },
        ].compactMap { $0 }
}
