import CImageCodecs
import Foundation

/// A PNG file to be shown: the message `Summary.Image`.
struct Picture {
    let width: Int
    let height: Int
    let png: [UInt8]

    /// RGB in `Summary.Image.colorspace`, which TensorBoard does not look at.
    private static let colours = 3

    func write(to message: inout ProtobufWriter) {
        message.add(1, height)
        message.add(2, width)
        message.add(3, Self.colours)
        message.add(4, png)
    }
}

extension Picture {
    /// Decodes a PNG file in a `data:` URL; nil for anything else.
    init?(dataURL: String) {
        let prefix = "data:image/png;base64,"
        guard dataURL.hasPrefix(prefix), let data = Data(base64Encoded: String(dataURL.dropFirst(prefix.count))) else {
            return nil
        }
        self.init(png: [UInt8](data))
    }

    /// - Returns: nil where the bytes do not begin as a PNG file does (W3C, "Portable Network Graphics", 5.2 and
    ///   11.2.1).
    init?(png: [UInt8]) {
        let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        guard png.starts(with: signature), png.count >= 24, png[12..<16].elementsEqual("IHDR".utf8) else { return nil }
        func number(at place: Int) -> Int { png[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
        self.init(width: number(at: 16), height: number(at: 20), png: png)
    }

    /// - Parameter pixels: rows from the top, red, green and blue of each pixel.
    /// - Returns: nil where there is no memory for it.
    init?(width: Int, height: Int, pixels: [UInt8]) {
        precondition(pixels.count == width * height * 3, "\(pixels.count) bytes for \(width) x \(height) pixels")
        // What cannot be compressed grows by some bytes a block.
        let capacity = pixels.count + pixels.count / 64 + height + 4096
        var count = 0
        let png = [UInt8](unsafeUninitializedCapacity: capacity) { bytes, initialized in
            count = codec_encode_png(pixels, UInt32(width), UInt32(height), 3, bytes.baseAddress, capacity)
            initialized = count
        }
        guard count > 0 else { return nil }
        self.init(width: width, height: height, png: png)
    }
}
