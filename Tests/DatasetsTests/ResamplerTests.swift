import Tensors
import Testing

@testable import Datasets

/// A picture of gradients and noise by turns.
func patchwork(_ height: Int, _ width: Int) -> Image {
    var pixels: [UInt8] = []
    for row in 0..<height {
        for column in 0..<width {
            let isNoise = (column / 16 + row / 16) % 2 == 1
            for channel in 0..<3 {
                let place = UInt64((row * width + column) * 3 + channel)
                pixels.append(
                    UInt8(
                        truncatingIfNeeded: isNoise ? (place * 2_654_435_761) >> 7 : UInt64((column * 5 + row * 3) / 2))
                )
            }
        }
    }
    return Image(height: height, width: width, pixels: pixels)
}

@Suite("The resampler")
struct ResamplerTests {
    struct Golden: Sendable, CustomTestStringConvertible {
        let height: Int
        let width: Int
        let rows: Int
        let columns: Int
        let filter: ResamplingFilter
        let digest: UInt64

        init(
            _ height: Int, _ width: Int, _ rows: Int, _ columns: Int, _ filter: ResamplingFilter, _ digest: UInt64
        ) {
            self.height = height
            self.width = width
            self.rows = rows
            self.columns = columns
            self.filter = filter
            self.digest = digest
        }

        var testDescription: String { "\(width) x \(height) to \(columns) x \(rows), \(filter.rawValue)" }
    }

    /// Digests of `Image.resize` of Pillow 13.0.
    static let goldens: [Golden] = [
        Golden(300, 340, 224, 224, .bilinear, 0x9d5e_16d4_47e8_2c7d),
        Golden(300, 340, 224, 224, .bicubic, 0x9fbb_ac87_1fa5_8abc),
        Golden(37, 61, 224, 224, .bilinear, 0x86c9_c2ba_fdf4_02fe),
        Golden(37, 61, 224, 224, .bicubic, 0xfe6b_16f7_2819_c556),
        Golden(500, 375, 31, 17, .bilinear, 0xa9c2_cbf1_efdb_477e),
        Golden(500, 375, 31, 17, .bicubic, 0x17f7_ec99_5426_d05b),
        Golden(64, 64, 64, 40, .bilinear, 0xcfea_9755_ef55_e423),
        Golden(64, 64, 64, 40, .bicubic, 0xba2d_eae8_f32a_6525),
        Golden(64, 64, 33, 64, .bilinear, 0xfa0e_a99d_56d9_df9e),
        Golden(64, 64, 33, 64, .bicubic, 0x114d_861b_9bc9_f043),
        Golden(5, 7, 9, 3, .bilinear, 0xb756_6887_d95f_384a),
        Golden(5, 7, 9, 3, .bicubic, 0xb756_6887_d95f_384a),
        Golden(1, 200, 3, 50, .bilinear, 0x2156_49da_7d59_1039),
        Golden(1, 200, 3, 50, .bicubic, 0xf1de_ab93_b024_22ae),
        Golden(256, 256, 255, 257, .bilinear, 0x6e37_36ce_be4c_a955),
        Golden(256, 256, 255, 257, .bicubic, 0xee34_7889_8287_4109),
        Golden(40, 40, 400, 401, .bilinear, 0x54b5_9746_376e_d11f),
        Golden(40, 40, 400, 401, .bicubic, 0x4f08_187d_e936_0d4c),
        Golden(16, 16, 15, 17, .bilinear, 0x3bd3_e338_013c_f53f),
        Golden(16, 16, 15, 17, .bicubic, 0x7f6f_8557_1ff0_d529),
        Golden(700, 20, 8, 300, .bilinear, 0xe448_bdd5_4246_9edb),
        Golden(700, 20, 8, 300, .bicubic, 0x6a91_efbe_95d2_39e6),
    ]

    @Test("the resampler gives Pillow's bytes, larger and smaller, with both filters", arguments: goldens)
    func pillow(golden: Golden) {
        let resized = patchwork(golden.height, golden.width)
            .resized(rows: golden.rows, columns: golden.columns, filter: golden.filter)
        #expect(FNV1a(resized.pixels).value == golden.digest)
    }

    @Test(
        "the resampler resizes a window as a part of the whole, mirrored and not, with one channel and three",
        arguments: [1, 3], [false, true])
    func windows(channels: Int, isMirrored: Bool) {
        let (height, width) = (61, 47)
        let bytes = (0..<height * width * channels).map { UInt8(truncatingIfNeeded: ($0 &* 40_503) >> 4) }
        var resampler = Resampler()
        for (rows, columns) in [(90, 30), (61, 30), (90, 47), (61, 47), (7, 5), (33, 200)] {
            let whole = resized(
                bytes, height, width, channels, &resampler, to: (rows, columns), window: (0..<rows, 0..<columns))
            let window = (rows / 5..<rows, columns / 4..<columns - columns / 5)
            let part = resized(
                bytes, height, width, channels, &resampler, to: (rows, columns), window: window,
                isMirrored: isMirrored)
            var expected: [UInt8] = []
            for row in window.0 {
                for column in isMirrored ? Array(window.1.reversed()) : Array(window.1) {
                    let first = (row * columns + column) * channels
                    expected += whole[first..<first + channels]
                }
            }
            #expect(part == expected, "\(columns) x \(rows)")
        }
    }

    private func resized(
        _ bytes: [UInt8], _ height: Int, _ width: Int, _ channels: Int, _ resampler: inout Resampler,
        to size: (Int, Int), window: (rows: Range<Int>, columns: Range<Int>), isMirrored: Bool = false
    ) -> [UInt8] {
        let support = resampler.prepare(
            height: height, width: width, to: size, window: window, isMirrored: isMirrored)
        let part = support.rows.flatMap { row in
            bytes[
                (row * width + support.columns.lowerBound) * channels..<(row * width + support.columns.upperBound)
                    * channels]
        }
        var target = [UInt8](repeating: 0, count: window.rows.count * window.columns.count * channels)
        var span = target.mutableSpan
        resampler.resize(part.span, channels: channels, into: &span)
        return target
    }

    @Test(
        "the resampler turns a matrix of any size on its side",
        arguments: [1, 15, 16, 17, 31, 33, 64], [1, 16, 17, 40, 50])
    func transpose(rows: Int, columns: Int) {
        let bytes = (0..<rows * columns).map { UInt8(truncatingIfNeeded: ($0 &* 40_503) >> 3) }
        var turned = bytes
        var span = turned.mutableSpan
        ByteRows.transpose(bytes.span, rows: rows, columns: columns, into: &span)
        for row in 0..<rows {
            for column in 0..<columns { #expect(turned[column * rows + row] == bytes[row * columns + column]) }
        }
    }
}
