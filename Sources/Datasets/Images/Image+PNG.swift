import CImageCodecs
import Foundation

extension Image {
    /// The picture as a PNG file; nil where there is no memory for it.
    package var png: [UInt8]? {
        // What cannot be compressed grows by some bytes a block.
        let capacity = pixels.count + pixels.count / 64 + height + 4096
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { bytes, initialized in
            count = codec_encode_png(pixels, UInt32(width), UInt32(height), 3, bytes.baseAddress, capacity)
            initialized = count
        }
        return count > 0 ? bytes : nil
    }

    /// The PNG file as a `data:` URL (RFC 2397), which a page has in itself; empty where there is no memory for it.
    package var dataURL: String {
        png.map { "data:image/png;base64," + Data($0).base64EncodedString() } ?? ""
    }
}
