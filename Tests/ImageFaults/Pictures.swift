import CImageCodecs

/// Pictures made by the encoders of the same libraries.
package enum Pictures {
    /// A smooth picture with another gradient in each channel, so that JPEG loses little and nothing is symmetric.
    package static func gradient(width: Int, height: Int, channels: Int) -> [UInt8] {
        var pixels: [UInt8] = []
        pixels.reserveCapacity(height * width * channels)
        for y in 0..<height {
            for x in 0..<width {
                for channel in 0..<channels {
                    pixels.append(UInt8((40 * channel + 90 * x / width + 70 * y / height + 20) & 255))
                }
            }
        }
        return pixels
    }

    package static func png(_ pixels: [UInt8], width: Int, height: Int, channels: Int) -> [UInt8] {
        written { codec_encode_png(pixels, UInt32(width), UInt32(height), Int32(channels), $0, $1) }
    }

    /// - Parameter sampling: Pixels across and down that share a number of colour.
    package static func jpeg(
        _ pixels: [UInt8], width: Int, height: Int, channels: Int, isProgressive: Bool = false,
        sampling: (across: Int, down: Int) = (1, 1), restartInterval: Int = 0, isArithmetic: Bool = false
    ) -> [UInt8] {
        let options = codec_jpeg_options(
            quality: 95, across: Int32(sampling.across), down: Int32(sampling.down),
            is_progressive: isProgressive ? 1 : 0, is_arithmetic: isArithmetic ? 1 : 0,
            restart_interval: UInt32(restartInterval))
        return written {
            codec_encode_jpeg(pixels, UInt32(width), UInt32(height), Int32(channels), options, $0, $1)
        }
    }

    package static func webp(_ pixels: [UInt8], width: Int, height: Int, channels: Int, isLossless: Bool) -> [UInt8] {
        written {
            codec_encode_webp(pixels, UInt32(width), UInt32(height), Int32(channels), isLossless ? 1 : 0, $0, $1)
        }
    }

    /// A PNG of any kind from rows as they are packed in it.
    package static func png(
        packed rows: [UInt8], width: Int, height: Int, depth: Int, colourType: Int, isInterlaced: Bool = false,
        palette: [UInt8] = [], isTransparent: Bool = false
    ) -> [UInt8] {
        written {
            codec_encode_packed_png(
                rows, UInt32(width), UInt32(height), Int32(depth), Int32(colourType), isInterlaced ? 1 : 0, palette,
                Int32(palette.count / 3), isTransparent ? 1 : 0, $0, $1)
        }
    }

    private static func written(_ encode: (UnsafeMutablePointer<UInt8>?, Int) -> Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
            count = encode(buffer.baseAddress, buffer.count)
        }
    }

    /// TIFF data with an orientation, as cameras write them.
    package static func exif(_ orientation: UInt8, isLittle: Bool) -> [UInt8] {
        isLittle
            ? [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]
            : [0x4D, 0x4D, 0, 0x2A, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]
    }
}
