import Foundation

extension Image {
    /// The picture as a PNG file; nil where there is no memory for it.
    package var png: [UInt8]? { PNG.file(height: height, width: width, channels: 3, pixels: pixels) }

    /// The PNG file as a `data:` URL (RFC 2397), which a page has in itself; empty where there is no memory for it.
    package var dataURL: String {
        png.map { "data:image/png;base64," + Data($0).base64EncodedString() } ?? ""
    }
}
