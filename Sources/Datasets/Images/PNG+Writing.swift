import CImageCodecs

extension PNG {
    /// Returns a PNG file of 8 bits, or nil where there is no memory for it.
    ///
    /// - Parameters:
    ///   - channels: 1 for grey, 3 for colour.
    ///   - pixels: height x width x channels
    static func file(height: Int, width: Int, channels: Int, pixels: [UInt8]) -> [UInt8]? {
        precondition(
            pixels.count == height * width * channels, "\(pixels.count) bytes for \(width) x \(height) x \(channels)")
        // What cannot be compressed grows by some bytes a block.
        let capacity = pixels.count + pixels.count / 64 + height + 4096
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { bytes, initialized in
            count = codec_encode_png(
                pixels, UInt32(width), UInt32(height), Int32(channels), bytes.baseAddress, capacity)
            initialized = count
        }
        return count > 0 ? bytes : nil
    }
}
